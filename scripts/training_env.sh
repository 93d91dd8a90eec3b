#!/bin/sh
# Make the virtual environment of the training code, or bring it up to date: training_env.sh FOLDER
# It lies outside the clone, so that every clone shares it; a copy of the list inside says what it holds.
set -eu
folder=$1
wanted=training/requirements.txt

if cmp -s "$wanted" "$folder/requirements.txt" && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "Set-up: installing $wanted into $folder (PyTorch: several GB, a few minutes)"
"$folder/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$folder/requirements.txt"
