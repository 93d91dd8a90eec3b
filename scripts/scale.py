#!/usr/bin/env python3
"""Analyse a list of files on many machines: the same `mien analyze` for each, spread by Ray.

docs/scale.md says what it needs. What follows -- is handed to `mien analyze`.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import ray

# How many files are handed out ahead of the processors that are free: enough to keep all busy.
AHEAD = 2


@ray.remote(num_cpus=1, max_retries=3)  # each try resumes where the one before it broke off
def analyze(command: list[str], file: str) -> str:
    """Run the command on one file, wherever Ray puts this. Gives what failed, or nothing."""
    try:
        done = subprocess.run([*command, file], capture_output=True, text=True, check=False)
    except OSError as error:
        return f"{command[0]} cannot be started: {error}"
    return "" if done.returncode == 0 else done.stderr.strip() or f"exit status {done.returncode}"


def spread(command: list[str], files: list[str]) -> dict[str, str]:
    """Run the command on every file; gives what failed, by file."""
    failures: dict[str, str] = {}
    waiting = list(reversed(files))
    running: dict[ray.ObjectRef, str] = {}
    while waiting or running:
        # Asked anew each time: machines come and go.
        room = max(1, int(ray.cluster_resources().get("CPU", 1))) * AHEAD
        while waiting and len(running) < room:
            file = waiting.pop()
            running[analyze.remote(command, file)] = file
        ready, _ = ray.wait(list(running), num_returns=1)
        for one in ready:
            file = running.pop(one)
            try:
                failure = ray.get(one)
            except ray.exceptions.RayError as error:
                failure = f"its machine was lost: {error}"
            if failure:
                failures[file] = failure
            done = len(files) - len(waiting) - len(running)
            print(f"{done} of {len(files)}: {file}{': failed' if failure else ''}", flush=True)
    return failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("list", type=Path, help="a text file: one video, picture or folder of pictures a line")
    parser.add_argument("--base", required=True, help="the folder they lie in; sessions keep their place in it")
    parser.add_argument("--out", required=True, help="the folder of the sessions, which every machine can write to")
    parser.add_argument("--mien", default="mien", help="the program on the machines")
    parser.add_argument("--address", default="auto", help="the Ray cluster")
    parser.epilog = "What follows -- are options of mien analyze."
    end = sys.argv.index("--") if "--" in sys.argv else len(sys.argv)
    args, options = parser.parse_args(sys.argv[1:end]), sys.argv[end + 1 :]

    files = [line for line in args.list.read_text().splitlines() if line.strip()]
    command = [args.mien, "analyze", "--quiet", "--resume", *options, "--base", args.base, "--out", args.out]
    ray.init(address=args.address, log_to_driver=False)
    failures = spread(command, files)
    for file, failure in failures.items():
        print(f"\n{file}\n  {failure.replace(chr(10), chr(10) + '  ')}", file=sys.stderr)
    if failures:
        print(f"\n{len(failures)} of {len(files)} failed, as above", file=sys.stderr)
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
