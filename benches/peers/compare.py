"""Mien and its peers on the same clip, turn by turn: whole processes, from start to end.

Prints a table: frames a second, processor time for a frame, the most memory of the whole process tree
(and of Mien without ffmpeg), and in how many frames a face was found. In its turn each runs twice and the
second run counts: the first fetches from the disk what the system has forgotten since the last turn. Each time
is the median of the rounds; the memory is from one more run of each, since reading it twenty times a second
takes a part of the machine.
"""

import argparse
import csv
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent.parent


def tree(root: int) -> list[int]:
    """The process and all that it started."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
            except OSError:  # it has ended meanwhile
                continue
            children.setdefault(parent, []).append(int(entry.name))
    found, waiting = [], [root]
    while waiting:
        process = waiting.pop()
        found.append(process)
        waiting += children.get(process, [])
    return found


def memory(process: int) -> tuple[str, int]:
    """A process's name and its resident bytes."""
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except OSError:
        return "", 0
    fields = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return fields["Name"].strip(), int(fields.get("VmRSS", "0 kB").split()[0]) * 1024


class Watcher(threading.Thread):
    """Keeps the most memory that a process tree held at once."""

    def __init__(self, process: int) -> None:
        super().__init__(daemon=True)
        self.process, self.done = process, threading.Event()
        self.most = self.most_without_ffmpeg = 0

    def run(self) -> None:
        while not self.done.wait(0.05):
            held = [memory(process) for process in tree(self.process)]
            self.most = max(self.most, sum(size for _, size in held))
            ours = sum(size for name, size in held if not name.startswith("ff"))
            self.most_without_ffmpeg = max(self.most_without_ffmpeg, ours)


def measure(command: list[str], count, watched: bool) -> dict[str, float]:
    """Runs a command; `count` reads from what it printed how many frames there were, and with a face."""
    began = time.perf_counter()
    with tempfile.TemporaryFile("w+") as printed, tempfile.TemporaryFile("w+") as complaints:
        process = subprocess.Popen(command, stdout=printed, stderr=complaints)
        watcher = Watcher(process.pid)
        if watched:
            watcher.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        if watched:
            watcher.done.set()
            watcher.join()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            complaints.seek(0)
            sys.exit(f"{command[0]} failed: {complaints.read()[-2000:]}")
        printed.seek(0)
        frames, found = count(printed.read())
    return {
        "frames": frames,
        "found": found,
        "fps": frames / seconds,
        "cpu_ms": (usage.ru_utime + usage.ru_stime) * 1e3 / frames,
        "memory": watcher.most / 1e6,
        "without_ffmpeg": watcher.most_without_ffmpeg / 1e6,
    }


def counted(printed: str) -> tuple[int, int]:
    answer = json.loads(printed.splitlines()[-1])
    return answer["frames"], answer["found"]


def mien(program: str, clip: str, watched: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory() as folder:

        def count(_: str) -> tuple[int, int]:
            rows = Path(folder) / Path(clip).stem / "observations.csv"
            with rows.open(newline="") as file:
                faces = {row["frame"]: int(row["faces"]) for row in csv.DictReader(file)}
            return len(faces), sum(number > 0 for number in faces.values())

        command = [program, "analyze", clip, "--out", folder, "--quiet"]
        return measure(command, count, watched)


def decoding(clip: str, watched: bool) -> dict[str, float]:
    """The limit: no face is looked for."""
    count = subprocess.run(
        ["ffprobe", "-v", "error", "-select_streams", "v:0", "-count_packets", "-show_entries"]
        + ["stream=nb_read_packets", "-of", "csv=p=0", clip],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    frames = int(count.stdout.split(",")[0])
    command = ["ffmpeg", "-v", "error", "-i", clip, "-f", "null", "-"]
    return measure(command, lambda _: (frames, 0), watched)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("clip")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--mien", default=str(ROOT / "target/release/mien"))
    parser.add_argument("--fer-frames", type=int, help="fer is slow: fewer frames of the clip")
    parser.add_argument("--without-fer", action="store_true")
    parser.add_argument("--json", help="write the figures of every round here")
    args = parser.parse_args()

    model = str(ROOT / "models/mien-m.onnx")
    script = [sys.executable, str(HERE / "haar_onnx.py"), args.clip, model]
    contestants = {
        "`mien analyze`": lambda watched: mien(args.mien, args.clip, watched),
        "OpenCV Haar cascade + onnxruntime, our network": lambda watched: measure(
            script, counted, watched
        ),
    }
    if not args.without_fer:
        fer = [sys.executable, str(HERE / "fer_video.py"), args.clip, str(args.fer_frames or 10**9)]
        contestants["`fer` 25.10, Haar cascade"] = lambda watched: measure(fer, counted, watched)
    contestants["ffmpeg, decoding alone"] = lambda watched: decoding(args.clip, watched)
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in contestants}
    for number in range(args.rounds):
        for name, run in contestants.items():
            run(watched=False)
            figures = run(watched=False)
            rounds[name].append(figures)
            print(f"round {number + 1}: {name}: {figures['fps']:.1f} frames/s", file=sys.stderr)
    memories = {name: run(watched=True) for name, run in contestants.items()}
    if args.json:
        Path(args.json).write_text(json.dumps({"rounds": rounds, "memory": memories}, indent=1))

    print("| | frames/s | CPU ms/frame | memory, MB | face found |")
    print("| --- | --- | --- | --- | --- |")
    for name, results in rounds.items():
        fps, cpu = (statistics.median(result[key] for result in results) for key in ("fps", "cpu_ms"))
        whole, ours = (memories[name][key] for key in ("memory", "without_ffmpeg"))
        held = f"{whole:.0f}" if ours == whole else f"{ours:.0f} + ffmpeg's {whole - ours:.0f}"
        share = f"{results[0]['found']:.0f} of {results[0]['frames']:.0f}"
        print(f"| {name} | {fps:.1f} | {cpu:.1f} | {held} | {share} |")


if __name__ == "__main__":
    main()
