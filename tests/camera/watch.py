"""The camera, plugged in and out, and `mien watch` before it: what it says and sees, and when."""

import csv
import json
import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

HOME = Path.cwd()
MIEN = HOME / "mien"
SHOTS = Path(os.environ.get("SHOTS", "shots"))  # outside, so that a case that is broken off leaves its pictures
# The small model, and faces of at least an eighth of the picture: an emulated processor has time for no more.
LIGHT = ["--model", "mien-s", "--smallest-face", "0.12"]
PATIENCE = 600.0  # for what must come, however slow the machine


class Failed(Exception):
    """What was seen instead."""


def check(right: bool, otherwise: str) -> None:
    if not right:
        raise Failed(otherwise)


def camera(*words: str) -> float:
    """Plugs a camera in or out; when that was done."""
    subprocess.run([os.environ["LAB_CAMERA"], *words], check=True)
    return time.monotonic()


def wait_until(what: str, true: Callable[[], object], patience: float = PATIENCE) -> None:
    end = time.monotonic() + patience
    while not true():
        if time.monotonic() > end:
            raise Failed(f"waited in vain for {what}")
        time.sleep(0.1)


def nodes(name: str) -> list[str]:
    """The device files of a camera."""
    names = Path("/sys/class/video4linux").glob("*/name")
    return sorted(f"/dev/{file.parent.name}" for file in names if file.read_text().strip() == name)


def there(name: str) -> Callable[[], bool]:
    """Whether a camera of that name can send: its first node says so."""

    def ready() -> bool:
        found = nodes(name)
        said = (
            found
            and subprocess.run(["v4l2-ctl", "-d", found[0], "--get-fmt-video"], capture_output=True, text=True).stdout
        )
        return bool(said and "Width/Height" in said)

    return ready


class Watch:
    """A `mien watch --json -` at work: what it says, and when."""

    def __init__(self, *arguments: str) -> None:
        self.begun = time.monotonic()
        self.said: list[tuple[float, str]] = []
        self.seen: list[tuple[float, dict]] = []
        command = [str(MIEN), "watch", *arguments, *LIGHT, "--json", "-"]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.readers = [
            threading.Thread(
                target=self._read, args=(self.process.stdout, lambda at, line: self.seen.append((at, json.loads(line))))
            ),
            threading.Thread(
                target=self._read, args=(self.process.stderr, lambda at, line: self.said.append((at, line)))
            ),
        ]
        for reader in self.readers:
            reader.start()

    @staticmethod
    def _read(stream, keep) -> None:
        for line in stream:
            keep(time.monotonic(), line.rstrip("\n"))

    def frames(self, count: int, patience: float = PATIENCE) -> None:
        """Waits for so many observations from now on."""
        goal = len(self.seen) + count

        def there() -> bool:
            check(self.process.poll() is None, f"mien ended: {self.last_words()}")
            return len(self.seen) >= goal

        wait_until(f"{count} frames, {self.last_words()}", there, patience)

    def sentence(self, pattern: str, since: float, patience: float = PATIENCE) -> tuple[float, str]:
        """Waits for a sentence said after `since`; how long after, and the sentence."""

        def found() -> list[tuple[float, str]]:
            return [(at - since, line) for at, line in list(self.said) if at > since and re.search(pattern, line)]

        wait_until(f"'{pattern}'; said was: {self.last_words()}", found, patience)
        return found()[0]

    def analysis(self) -> float:
        """The longest analysis so far but for the first, in seconds."""
        return max((seen["analysis_ms"] / 1e3 for _, seen in self.seen[1:]), default=0.0)

    def memory(self) -> float:
        """Resident, in MB."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(status.split("VmRSS:")[1].split()[0]) / 1024

    def last_words(self) -> str:
        return " | ".join(line for _, line in self.said[-3:])

    def end(self) -> tuple[int, float]:
        """Ctrl-C; the exit status, and how long it took."""
        asked = time.monotonic()
        self.process.send_signal(signal.SIGINT)
        return self.wait(), time.monotonic() - asked

    def wait(self, patience: float = PATIENCE) -> int:
        try:
            status = self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise Failed(f"it did not end; {self.last_words()}") from None
        for reader in self.readers:
            reader.join()
        return status

    def __enter__(self) -> "Watch":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.wait()


def table(folder: Path, name: str) -> list[dict[str, str]]:
    with (folder / name).open(newline="") as file:
        return list(csv.DictReader(file))


def session(watch: Watch, log: Path) -> tuple[list[dict], list[dict], dict]:
    """Rows, events and header of the only session in `log`, after what must hold of each: complete, a row for every
    observation, none missing."""
    (folder,) = log.iterdir()
    header = json.loads((folder / "session.json").read_text())
    rows, events = table(folder, "observations.csv"), table(folder, "events.csv")
    frames = [int(row["frame"]) for row in rows]
    counts = header["frames"]
    check(header["ended_utc"] is not None, "the session was not completed")
    check(
        sorted(set(frames)) == list(range(len(watch.seen))), f"{len(set(frames))} frames logged, {len(watch.seen)} seen"
    )
    check(counts["analyzed"] == len(watch.seen), f"{counts['analyzed']} frames in the header, {len(watch.seen)} seen")
    said = sum(int(event["detail"]) for event in events if event["event"] == "dropped")
    check(
        counts["captured"] - counts["dropped"] in (counts["analyzed"], counts["analyzed"] + 1),
        f"{counts} do not add up",
    )
    check(said <= counts["dropped"], f"{said} dropped in the events, {counts['dropped']} in the header")
    return rows, events, header


def in_time(watch: Watch, took: float, seconds: float) -> str:
    """Fails what took longer than `seconds` and three analyses."""
    analysis = watch.analysis()
    check(took <= seconds + 3 * analysis, f"{took:.1f} s are too long; an analysis takes up to {analysis:.2f} s here")
    return f"(an analysis takes up to {analysis:.2f} s here)"


DISPLAY = ":99"


@contextmanager
def window(*arguments: str):
    """The window, on a display of its own."""
    settings = {"DISPLAY": DISPLAY, "XDG_DATA_HOME": str(HOME / "data"), "XDG_CONFIG_HOME": str(HOME / "config")}
    screen = ["-screen", "0", "1280x760x24", "-nolisten", "tcp"]
    server = subprocess.Popen(["Xvfb", DISPLAY, *screen], stderr=subprocess.DEVNULL)
    # That of a window before this one is gone first.
    look = {"args": ["xdpyinfo"], "env": os.environ | settings, "capture_output": True}
    wait_until("the display", lambda: subprocess.run(**look).returncode == 0)
    process = subprocess.Popen([str(MIEN), *arguments, *LIGHT], env=os.environ | settings, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        for one in (process, server):
            if one.poll() is None:
                one.kill()
            one.wait()


def photograph(name: str) -> None:
    """Keeps what the screen shows, once there is a window on it: an empty screen packs to next to nothing."""
    SHOTS.mkdir(exist_ok=True)
    path = SHOTS / f"{name}.png"

    def shows_a_window() -> bool:
        subprocess.run(["import", "-display", DISPLAY, "-window", "root", str(path)], check=True)
        return path.stat().st_size > 20_000

    wait_until("a picture of the window", shows_a_window)


def events_of(log: Path) -> list[str]:
    files = list(log.glob("*/events.csv"))
    return [row["event"] for row in table(files[0].parent, "events.csv")] if files else []


def rows_of(log: Path) -> int:
    files = list(log.glob("*/observations.csv"))
    return max(0, len(files[0].read_text().splitlines()) - 1) if files else 0
