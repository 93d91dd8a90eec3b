#!/usr/bin/env python3
"""Rewrite the list of crates in THIRD_PARTY.md from what Cargo.lock holds (`make third-party`)."""

import re
import subprocess
import textwrap
from collections import defaultdict
from pathlib import Path

PAGE = Path(__file__).parent.parent / "THIRD_PARTY.md"
START, END = "<!-- crates: make third-party -->\n", "<!-- end of crates -->\n"

# Only what becomes part of the program: tests, build scripts and procedural macros stay behind.
COMMAND = (
    "cargo tree --locked --package mien --edges normal,no-proc-macro --target x86_64-unknown-linux-gnu"
    " --prefix none --format"
)


def main() -> None:
    tree = subprocess.run([*COMMAND.split(), "{p}|{l}"], check=True, capture_output=True, text=True, cwd=PAGE.parent)
    crates = defaultdict(set)
    for line in tree.stdout.splitlines():
        package, license_ = line.removesuffix(" (*)").split("|")
        name, version = package.split()[:2]
        if not name.startswith("mien"):
            # "MIT/Apache-2.0" is an old way of saying OR; the order of alternatives says nothing.
            alternatives = sorted(re.split(r" OR |/", license_)) if "(" not in license_ else [license_]
            crates[" OR ".join(alternatives)].add(f"{name} {version.removeprefix('v')}")

    text = ""
    for license_, names in sorted(crates.items(), key=lambda item: (-len(item[1]), item[0])):
        paragraph = f"**{license_}** ({len(names)}): {', '.join(sorted(names))}"
        text += "\n" + textwrap.fill(paragraph, width=120, break_on_hyphens=False) + "\n"
    page = PAGE.read_text()
    before, rest = page.split(START)
    PAGE.write_text(before + START + text + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    main()
