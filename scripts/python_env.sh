#!/bin/sh
# Make a Python environment, or bring it up to date: python_env.sh REQUIREMENTS FOLDER
# It lies outside the clone, so that every clone shares it; a copy of the list inside says what it holds.
set -eu
wanted=$1
folder=$2

if cmp -s "$wanted" "$folder/requirements.txt" && "$folder/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
echo "Set-up: installing $wanted into $folder (PyTorch: several GB, a few minutes)"
"$folder/bin/python" -m pip --version >/dev/null 2>&1 || python3 -m venv --clear "$folder"
"$folder/bin/python" -m pip install --quiet --disable-pip-version-check --requirement "$wanted"
cp "$wanted" "$folder/requirements.txt"
