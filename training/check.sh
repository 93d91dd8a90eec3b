#!/bin/sh
# Everything that checks training, in the environment of requirements.txt; needs no data set.
set -e
cd "$(dirname "$0")"
ruff check .
ruff format --check .
mypy .
python -m pytest -q -rs
