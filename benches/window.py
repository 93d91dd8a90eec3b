#!/usr/bin/env python3
"""What the window costs: processor time of each thread and memory, live, paused, hidden and hidden while it records.

Needs Xvfb, xdotool and xprop. Threads of Mesa's software renderer are counted apart: a graphics card does their work elsewhere.

    benches/window.py target/release/mien [--source demo] [--seconds 10]
"""

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def thread_times(process: int) -> Counter[str]:
    """Seconds that each of a process's threads has worked; those of one name together."""
    seconds: Counter[str] = Counter()
    for task in Path(f"/proc/{process}/task").iterdir():
        name, _, fields = (task / "stat").read_text().partition("(")[2].rpartition(") ")
        user, system = fields.split()[11:13]
        # The renderer names its threads mien:rend0, llvmpipe-0 and so on; ours have a number only behind a space.
        seconds[name.rstrip("0123456789")] += (int(user) + int(system)) / TICKS
    return seconds


def is_ours(thread: str) -> bool:
    return not thread.startswith(("llvmpipe", "mien:", "gl", "gdrv"))


def memory(process: int) -> str:
    fields = dict(line.split(":", 1) for line in Path(f"/proc/{process}/status").read_text().splitlines())
    megabytes = {name: int(fields[name].split()[0]) / 1024 for name in ("VmRSS", "RssAnon", "RssFile")}
    return "{VmRSS:.0f} MB resident, {RssAnon:.0f} of them data, {RssFile:.0f} of files".format(**megabytes)


@contextlib.contextmanager
def screen(number: int) -> Iterator[dict[str, str]]:
    """A screen without a monitor; the environment in which programs draw on it."""
    server = subprocess.Popen(["Xvfb", f":{number}", "-screen", "0", "1400x900x24"], stderr=subprocess.DEVNULL)
    environment = os.environ | {"DISPLAY": f":{number}", "WAYLAND_DISPLAY": ""}
    try:
        time.sleep(1)
        yield environment
    finally:
        server.terminate()
        server.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("mien", type=Path)
    parser.add_argument("--source", default="demo")
    parser.add_argument("--seconds", type=float, default=10)
    parser.add_argument("--screen", type=int, default=77)
    args = parser.parse_args()
    for tool in ("Xvfb", "xdotool", "xprop"):
        if shutil.which(tool) is None:
            sys.exit(f"{tool} is missing; install the packages xvfb, xdotool and x11-utils")

    with tempfile.TemporaryDirectory() as home, screen(args.screen) as environment:
        # Settings and recordings of its own.
        environment |= {"HOME": home, "XDG_DATA_HOME": home, "XDG_CONFIG_HOME": home}

        def xdotool(*words: str) -> None:
            subprocess.run(["xdotool", *words], env=environment, check=True, stdout=subprocess.DEVNULL)

        def hide() -> None:
            """What a window manager writes down when it makes a window an icon; there is none here."""
            found = subprocess.run(
                ["xdotool", "search", "--name", "Mien"], env=environment, check=True, capture_output=True, text=True
            )
            hidden = ["-f", "_NET_WM_STATE", "32a", "-set", "_NET_WM_STATE", "_NET_WM_STATE_HIDDEN"]
            subprocess.run(["xprop", "-id", found.stdout.split()[0], *hidden], env=environment, check=True)

        def measure(what: str, process: int) -> None:
            time.sleep(3)
            before = thread_times(process)
            time.sleep(args.seconds)
            spent = thread_times(process) - before
            ours = sum(seconds for name, seconds in spent.items() if is_ours(name))
            theirs = sum(seconds for name, seconds in spent.items() if not is_ours(name))
            threads = ", ".join(f"{name} {seconds / args.seconds:.1%}" for name, seconds in spent.most_common())
            print(f"{what}: our threads {ours / args.seconds:.1%} of a core, the renderer's {theirs / args.seconds:.1%}")
            print(f"    {threads or 'nothing'}; {memory(process)}", flush=True)

        for log in ([], ["--log", home]):
            window = subprocess.Popen([args.mien, args.source, *log], env=environment, stderr=subprocess.DEVNULL)
            try:
                xdotool("search", "--sync", "--name", "Mien")
                if not log:
                    measure("live", window.pid)
                    xdotool("search", "--name", "Mien", "windowfocus", "key", "space")
                    measure("paused", window.pid)
                    xdotool("search", "--name", "Mien", "windowfocus", "key", "space")
                    hide()
                    measure("hidden", window.pid)
                else:
                    hide()
                    measure("hidden and recording", window.pid)
            finally:
                window.terminate()
                window.wait()


if __name__ == "__main__":
    main()
