#!/usr/bin/env python3
"""Let `mien watch` work for hours, and see that it neither grows nor loses a row.

The program plays the clips in turn, each again and again, and is told over standard input to change
the model every minute and the source every five. Every ten seconds its memory, threads, handles and
children are read from /proc; so this runs on Linux.

    scripts/soak.py target/release/mien target/bench.mp4 --minutes 10
"""

import argparse
import csv
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from itertools import cycle
from pathlib import Path

MODEL_EVERY, SOURCE_EVERY, SAMPLE_EVERY, PRINT_EVERY = 60, 300, 10, 300

# What is compared are the medians of the second and of the last quarter: in the first one each model and
# each source is met for the first time, and a median does not see the minute in which two models are in
# memory at once.
#
# How much more is allowed in the end. Memory: 8 MB, for the allocator is never quite still; networks that
# are not given back would be 2.3 MB for each change, the mean of the three.
GROWTH = {"memory_mb": 8.0, "threads": 0, "handles": 0, "children": 0}


def sample(process: int) -> dict[str, float]:
    """What the process holds now."""
    proc = Path(f"/proc/{process}")
    fields = dict(line.split(":", 1) for line in (proc / "status").read_text().splitlines())
    return {
        "memory_mb": int(fields["VmRSS"].split()[0]) / 1024,
        "threads": int(fields["Threads"]),
        "handles": sum(1 for _ in (proc / "fd").iterdir()),
        "children": children(process),
    }


def children(process: int) -> int:
    """How many processes it has started that are still there, the dead that nobody fetched included."""
    count = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rsplit(")", 1)[1].split()[1])
        except OSError:  # it has ended meanwhile
            continue
        count += parent == process
    return count


def lengthen(clip: Path, seconds: float, folder: Path, number: int) -> Path:
    """The clip again and again in one file, not encoded anew."""
    longer = folder / f"{number}-{clip.stem}.mp4"
    command = ["ffmpeg", "-v", "error", "-nostdin", "-stream_loop", "-1", "-i", clip, "-t", str(seconds)]
    subprocess.run([*command, "-an", "-c", "copy", longer], check=True)
    return longer


class Run:
    """The program at work, and what was seen of it."""

    def __init__(self, mien: Path, clips: list[Path], models: list[str], folder: Path, samples: Path | None):
        self.clips, self.models = cycle(map(str, clips)), cycle(models)
        self.samples: list[dict[str, float]] = []
        self.told: list[str] = []
        self.observations = 0
        self.file = samples.open("w") if samples else None
        command = [mien, "watch", next(self.clips), "--model", next(self.models)]
        command += ["--commands", "-", "--json", "-", "--log", folder]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        self.reader = threading.Thread(target=self.count, name="observations")
        self.reader.start()

    def count(self) -> None:
        """Counts the observations that the program prints: what the rows are held against."""
        for _line in self.process.stdout:
            self.observations += 1

    def tell(self, line: str) -> None:
        self.told.append(line)
        self.process.stdin.write(f"{line}\n".encode())
        self.process.stdin.flush()

    def last(self, seconds: float) -> None:
        """Drives the program for so long."""
        start = time.monotonic()
        steps = int(seconds / SAMPLE_EVERY)
        for step in range(1, steps + 1):
            time.sleep(max(0.0, start + step * SAMPLE_EVERY - time.monotonic()))
            if self.process.poll() is not None:
                return
            now = step * SAMPLE_EVERY
            self.take(now)
            if now % PRINT_EVERY == 0:
                self.print_last()
            if now % SOURCE_EVERY == 0 and step < steps:
                self.tell(f"source {next(self.clips)}")
            if now % MODEL_EVERY == 0 and step < steps:
                self.tell(f"model {next(self.models)}")

    def take(self, now: int) -> None:
        seen = {"seconds": now, **sample(self.process.pid), "observations": self.observations}
        self.samples.append(seen)
        if self.file:
            writer = csv.DictWriter(self.file, seen)
            if len(self.samples) == 1:
                writer.writeheader()
            writer.writerow(seen)
            self.file.flush()

    def print_last(self) -> None:
        seen = self.samples[-1]
        print(
            f"{seen['seconds'] / 60:4.0f} min  {seen['memory_mb']:6.1f} MB  {seen['threads']:3} threads  "
            f"{seen['handles']:3} handles  {seen['children']} children  {seen['observations']:7} frames",
            flush=True,
        )

    def end(self) -> int:
        """Tells the program to quit; gives its exit status."""
        if self.process.poll() is None:
            self.tell("quit")
        try:
            status = self.process.wait(timeout=60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = self.process.wait()
        self.reader.join()
        return status


def growth(samples: list[dict[str, float]]) -> list[str]:
    """Prints the medians by quarter; gives what grew beyond its limit."""
    size = len(samples) // 4
    quarters = [samples[part * size : (part + 1) * size] for part in range(4)]
    faults = []
    print(f"\n{'median of':12}{'quarter 1':>11}{'2':>9}{'3':>9}{'4':>9}   growth 2 to 4   limit")
    for what, limit in GROWTH.items():
        medians = [statistics.median(seen[what] for seen in quarter) for quarter in quarters]
        grown = medians[3] - medians[1]
        print(f"{what:12}{medians[0]:11.1f}" + "".join(f"{one:9.1f}" for one in medians[1:]) + f"{grown:+16.1f}{limit:8}")
        if grown > limit:
            faults.append(f"{what} grew from {medians[1]:.1f} to {medians[3]:.1f}; {limit} more is the limit")
    return faults


def losses(folder: Path, run: Run) -> list[str]:
    """What the recording lacks."""
    (session,) = folder.iterdir()
    head = json.loads((session / "session.json").read_text())
    frames = set()
    with (session / "observations.csv").open(newline="") as file:
        for row in csv.DictReader(file):
            frames.add(int(row["frame"]))
    with (session / "events.csv").open(newline="") as file:
        events = list(csv.DictReader(file))
    counted, faults = head["frames"], []
    dropped = sum(int(event["detail"]) for event in events if event["event"] == "dropped")
    print(f"\n{counted['captured']} frames captured, {counted['analyzed']} analysed, {counted['dropped']} dropped")
    if frames != set(range(run.observations)):
        faults.append(f"{run.observations} observations were made, {len(frames)} are in the recording")
    if counted["analyzed"] != run.observations:
        faults.append(f"{run.observations} observations were made, session.json says {counted['analyzed']}")
    # A frame may be dropped after the last row; it is in the header alone.
    if not 0 <= counted["dropped"] - dropped <= 2:
        faults.append(f"events.csv says {dropped} dropped frames, session.json {counted['dropped']}")
    for kind in ["model", "source"]:
        told = 1 + sum(line.startswith(f"{kind} ") for line in run.told)
        seen = sum(event["event"] == kind for event in events)
        print(f"{seen} times a {kind} began to work, as told {told} times")
        if told != seen:
            faults.append(f"a {kind} was to begin {told} times; events.csv has {seen}")
    faults += [f"an error was recorded: {event['detail']}" for event in events if event["event"] == "error"]
    if head["ended_utc"] is None:
        faults.append("the recording was not closed")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("mien", type=Path)
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--models", nargs="+", default=["mien-m", "mien-s", "mien-m-challenge"])
    parser.add_argument("--samples", type=Path, help="write each sample to this CSV file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="mien-soak-") as folder:
        # One clip alone is two files: a recording names a source when its name changes.
        clips = args.clips if len(args.clips) > 1 else args.clips * 2
        clips = [lengthen(clip, SOURCE_EVERY + 60, Path(folder), number) for number, clip in enumerate(clips, 1)]
        log = Path(folder) / "log"
        log.mkdir()
        run = Run(args.mien.resolve(), clips, args.models, log, args.samples)
        try:
            run.last(args.minutes * 60)
        finally:
            status = run.end()
        faults = [] if status == 0 else [f"the program ended with status {status}"]
        if len(run.samples) < args.minutes * 60 / SAMPLE_EVERY - 1:
            faults.append(f"it ended after {len(run.samples) * SAMPLE_EVERY} of {args.minutes * 60:.0f} seconds")
        else:
            faults += growth(run.samples)
        faults += losses(log, run)
    for fault in faults:
        print(f"soak: {fault}", file=sys.stderr)
    print("soak: failed" if faults else "soak: nothing grew, nothing was lost")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
