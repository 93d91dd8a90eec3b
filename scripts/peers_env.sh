#!/bin/sh
# Make the virtual environment of the peers that Mien is compared with: peers_env.sh FOLDER
# `fer` brings PyTorch: several GB.
set -eu
folder=$1
wanted=benches/peers/requirements.txt

if cmp -s "$wanted" "$folder/requirements.txt" && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "Set-up: installing $wanted into $folder (PyTorch: several GB, a few minutes)"
"$folder/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$folder/requirements.txt"
