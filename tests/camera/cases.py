#!/usr/bin/python3
"""What Mien does with a camera, good and bad. `run` starts this inside the lab, in a folder that holds the program.

A line for each case: what was seen. Exit status 1 if one failed. Times are of the clock inside; an emulated machine
takes a second where another takes ten milliseconds, so what is to be said within three seconds is allowed three
analyses more, and the line says how long one took.
"""

import json
import os
import re
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from watch import (
    MIEN,
    PATIENCE,
    Failed,
    Watch,
    camera,
    check,
    events_of,
    in_time,
    nodes,
    photograph,
    rows_of,
    session,
    there,
    wait_until,
    window,
)

LOGS = Path.cwd() / "logs"
UVC, LOOPBACK, VIVID = "Test Webcam: Test Webcam", "Loopback Webcam", "vivid-000-vid-cap"


def log_folder(name: str) -> Path:
    return LOGS / name


NAMES = {"uvc": UVC, "loopback": LOOPBACK, "vivid": VIVID}
CASES: list[tuple[str, str, Callable[[], str]]] = []


def case(title: str, kind: str = "uvc"):
    """A case before this kind of camera."""

    def keep(function):
        CASES.append((title, kind, function))
        return function

    return keep


def only(kind: str) -> None:
    """Plugs this kind in and the others out."""
    for other, name in NAMES.items():
        if other != kind and nodes(name):
            camera("unplug", other)
            wait_until("the other camera to go", lambda name=name: not nodes(name))
    if not nodes(NAMES[kind]):
        camera("plug", kind)
    wait_until("the camera", there(NAMES[kind]))


@case("a webcam is listed once, by its name, with its formats")
def listed() -> str:
    check(len(nodes(UVC)) == 2, f"the kernel should show two device files: {nodes(UVC)}")
    output = subprocess.run([MIEN, "cameras", "--json", "-"], capture_output=True, text=True, check=True).stdout
    cameras = json.loads(output)
    check([found["name"] for found in cameras] == [UVC], f"{[found['name'] for found in cameras]}")
    formats = {(f["pixels"], f["width"], f["height"], f["fps"]) for f in cameras[0]["formats"]}
    for wanted in [("MJPEG", 640, 480, 30), ("MJPEG", 640, 480, 15), ("MJPEG", 1280, 720, 30), ("YUYV", 640, 480, 30)]:
        check(wanted in formats, f"{wanted} is not among {sorted(formats)}")
    return f"'{cameras[0]['name']}', {len(formats)} formats; its metadata node is left out"


def watched(
    name: str, device: str, pixels: str, size: tuple[int, int], fps: int, frames: int, face: bool = True
) -> str:
    log, (width, height) = log_folder(name), size
    with Watch(f"camera:{device}", "--size", f"{width}x{height}", "--fps", str(fps), "--log", str(log)) as watch:
        watch.frames(frames)
        node = nodes(device)[0]
        set_to = subprocess.run(
            ["v4l2-ctl", "-d", node, "--get-parm", "--get-fmt-video"], capture_output=True, text=True
        ).stdout
        status, _ = watch.end()
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    rows, _, _ = session(watch, log)
    check(all((seen["width"], seen["height"]) == size for _, seen in watch.seen), f"frames of another size than {size}")
    check(re.search(rf"Width/Height\s*: {width}/{height}", set_to) is not None, f"the camera was set to: {set_to}")
    check(pixels in set_to, f"not {pixels} but: {set_to}")
    rate = re.search(r"Frames per second: ([\d.]+)", set_to)
    check(rate is not None and abs(float(rate[1]) - fps) < 0.1, f"not {fps} frames a second but: {set_to}")
    with_face = sum(bool(seen["faces"]) for _, seen in watch.seen) / len(watch.seen)
    if face:
        check(with_face >= 0.9, f"a face in only {with_face:.0%} of {len(watch.seen)} frames")
    else:
        check(with_face == 0, f"a face in {with_face:.0%} of the frames")
        check(
            all(row["faces"] == "0" and not row["face_id"] and not row["label"] for row in rows),
            "face columns are not empty",
        )
    return f"{len(watch.seen)} frames, as many logged, a face in {with_face:.0%}; {set_to_text(set_to)}"


def set_to_text(said: str) -> str:
    pixels, size, rate = (re.search(p, said) for p in (r"'(\w+)'", r"Width/Height\s*: (\S+)", r"second: ([\d.]+)"))
    return f"camera set to {pixels[1]} {size[1]} at {float(rate[1]):g}" if pixels and size and rate else said


@case("UVC, MJPEG 640×480 at 30")
def uvc_vga() -> str:
    return watched("uvc-640", UVC, "MJPG", (640, 480), 30, 15)


@case("UVC, MJPEG 1280×720 at 15")
def uvc_hd() -> str:
    return watched("uvc-1280", UVC, "MJPG", (1280, 720), 15, 10)


@case("a camera that another program holds is named, and so is the program")
def in_use() -> str:
    other = subprocess.Popen(
        ["v4l2-ctl", "-d", nodes(UVC)[0], "--stream-mmap", "--stream-to=/dev/null"], stderr=subprocess.PIPE
    )
    try:
        check(bool(other.stderr and other.stderr.read(1)), "v4l2-ctl got no frame")
        with Watch("camera", "--log", str(log_folder("in-use"))) as watch:
            status = watch.wait()
    finally:
        other.kill()
        other.wait()
    said = watch.said[-1][1]
    check(status == 1, f"exit status {status}")
    check(UVC in said and "in use" in said and "v4l2-ctl" in said, said)
    return said


@case("five times unplugged and back in one recording")
def unplugged() -> str:
    log, gone, back = log_folder("unplugged"), [], []
    with Watch(f"camera:{UVC}", "--size", "320x240", "--fps", "15", "--log", str(log)) as watch:
        watch.frames(3)
        for _ in range(5):
            after, sentence = watch.sentence("gone", camera("unplug"))
            gone.append(after)
            time.sleep(1)
            camera("plug")
            wait_until("the camera", there(UVC))
            plugged, known = time.monotonic(), len(watch.seen)
            watch.frames(1)
            back.append(watch.seen[known][0] - plugged)
            watch.frames(2)
        status, _ = watch.end()
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    _, events, _ = session(watch, log)
    happened = [event["event"] for event in events if event["event"] in ("gone", "stalled", "back", "error")]
    check(happened == ["gone", "back"] * 5, f"events.csv has {happened}")
    return timed(watch, gone, back, sentence)


def timed(watch: Watch, gone: list[float], back: list[float], sentence: str) -> str:
    """Says how long it took until it was said, and until frames came again; fails where that was too long."""
    text = ", ".join(f"{a:.1f}/{b:.1f}" for a, b in zip(gone, back, strict=True))
    judged = in_time(watch, max(gone + back), 3)
    return f"said after/frames after return: {text} s {judged}: {sentence}"


@case("a camera that is away at the start")
def away() -> str:
    camera("unplug")
    wait_until("the camera to go", lambda: not nodes(UVC))
    with Watch(f"camera:{UVC}", "--log", str(log_folder("away"))) as watch:
        status = watch.wait()
    said = watch.said[-1][1]
    check(status == 1 and UVC in said and "not found" in said, f"exit status {status}: {said}")
    return said


@case("unplugged while it is opened, and while the program ends")
def unplugged_at_the_edges() -> str:
    log = log_folder("edges")
    with Watch(f"camera:{UVC}", "--size", "320x240", "--fps", "15", "--log", str(log)) as watch:
        watch.frames(2)
        camera("unplug")
        status, took = watch.end()
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    session(watch, log)
    judged = in_time(watch, took, 1)
    camera("plug")
    wait_until("the camera", there(UVC))
    with Watch(f"camera:{UVC}", "--size", "320x240", "--fps", "15", "--log", str(log_folder("opening"))) as watch:
        wait_until("the start", lambda: watch.said)  # the recording has begun, the camera is being opened
        camera("unplug")
        time.sleep(3)
        camera("plug")
        ended = watch.process.poll()
        if ended is None:
            watch.frames(2)
            watch.end()
    outcome = "frames came when it was back" if ended is None else watch.said[-1][1]
    check(ended in (None, 1), f"exit status {ended}: {watch.last_words()}")
    return f"ended {took:.1f} s after Ctrl-C {judged}, session complete; at the start: {outcome}"


@contextmanager
def busy():
    """Both cores have something else to do."""
    burners = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        yield len(burners)
    finally:
        for burner in burners:
            burner.kill()
            burner.wait()


@case("both cores busy, camera at 30: the newest frame, drops counted, memory flat")
def stress() -> str:
    log = log_folder("stress")
    with busy() as burners, Watch(f"camera:{UVC}", "--size", "320x240", "--fps", "30", "--log", str(log)) as watch:
        watch.frames(10)
        before, counted = watch.memory(), len(watch.seen)
        watch.frames(20)
        after = watch.memory()
        status, _ = watch.end()
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    _, _, header = session(watch, log)
    delays = []
    for arrived, seen in watch.seen[counted:]:
        utc = datetime.fromisoformat(seen["utc"].replace("Z", "+00:00"))
        wall = datetime.now(UTC).timestamp() - (time.monotonic() - arrived)
        delays.append((wall - utc.timestamp()) / (seen["analysis_ms"] / 1e3))
    numbers = [seen["source_frame"] for _, seen in watch.seen]
    check(numbers == sorted(set(numbers)), "frames went back")
    counts = header["frames"]
    span = numbers[-1] + 1
    check(counts["captured"] >= span and counts["dropped"] >= span - len(numbers), f"{span} frames came, {counts}")
    check(after - before < 8, f"memory grew from {before:.0f} to {after:.0f} MB")
    middle = statistics.median(delays)
    check(middle < 2, f"a frame's answer came {middle:.1f} analyses after it (median)")
    return (
        f"{burners} burners; median delay {middle:.1f} analyses; {counts['captured']} captured, "
        f"{counts['analyzed']} analysed, {counts['dropped']} dropped; {before:.0f} → {after:.0f} MB"
    )


# What the window may take: three seconds and, where its first pictures and an analysis take some each, as many more.
WINDOW = 20.0


@case("the window: UVC, MJPEG 1280×720")
def window_hd() -> str:
    return windowed(UVC, "hd", "--size", "1280x720", "--fps", "15")


@case("the window: vivid, no face", "vivid")
def window_vivid() -> str:
    return windowed(VIVID, "vivid", "--size", "640x360")


def windowed(name: str, what: str, *arguments: str) -> str:
    log = log_folder(f"window-{what}")
    with window(f"camera:{name}", *arguments, "--log", str(log)) as process:
        wait_until("rows", lambda: rows_of(log) >= 4)
        # Its first pictures take an emulated machine longer than its first rows.
        time.sleep(10)
        photograph(f"window-{what}")
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE)
    check(status == 0, f"exit status {status}")
    (folder,) = log.iterdir()
    header = json.loads((folder / "session.json").read_text())
    check(rows_of(log) >= header["frames"]["analyzed"] > 0, f"{rows_of(log)} rows, {header['frames']}")
    return f"{header['frames']['analyzed']} frames, {rows_of(log)} rows; picture in shots/"


@case("the window: live, camera gone, back, closed while it is gone")
def window_gone() -> str:
    log = log_folder("window-gone")
    with window(f"camera:{UVC}", "--size", "640x480", "--fps", "15", "--log", str(log)) as process:
        wait_until("rows", lambda: rows_of(log) >= 4)
        photograph("camera-live")
        dropped = camera("unplug")
        wait_until("the event", lambda: "gone" in events_of(log))
        said = time.monotonic() - dropped
        time.sleep(10)
        photograph("camera-gone")
        camera("plug")
        wait_until("the return", lambda: "back" in events_of(log))
        rows = rows_of(log)
        wait_until("rows", lambda: rows_of(log) >= rows + 3)
        photograph("camera-back")
        camera("unplug")
        wait_until("the second event", lambda: events_of(log).count("gone") == 2)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE)
        took = time.monotonic() - asked
    check(status == 0, f"exit status {status}")
    check(said <= WINDOW and took <= WINDOW, f"said after {said:.1f} s, closed in {took:.1f} s")
    (folder,) = log.iterdir()
    check(json.loads((folder / "session.json").read_text())["ended_utc"] is not None, "the session was not completed")
    return f"in events.csv {said:.1f} s after the camera went; the window closed in {took:.1f} s; pictures in shots/"


# --- other cameras ---


@case("loopback, YUYV 640×480 at 30", "loopback")
def loopback() -> str:
    return watched("loopback", LOOPBACK, "YUYV", (640, 480), 30, 10)


@case("five times stalled and at work again in one recording", "loopback")
def stalled() -> str:
    log, gone, back = log_folder("stalled"), [], []
    with Watch(f"camera:{LOOPBACK}", "--log", str(log)) as watch:
        watch.frames(3)
        for _ in range(5):
            after, sentence = watch.sentence("sends no pictures", camera("stall", "loopback"))
            gone.append(after)
            time.sleep(3)
            went, known = camera("go", "loopback"), len(watch.seen)
            watch.frames(1)
            back.append(watch.seen[known][0] - went)
            watch.frames(2)
        status, _ = watch.end()
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    _, events, _ = session(watch, log)
    happened = [event["event"] for event in events if event["event"] in ("gone", "stalled", "back", "error")]
    check(happened == ["stalled", "back"] * 5, f"events.csv has {happened}")
    return timed(watch, gone, back, sentence)


@case("the end while a camera is stuck", "loopback")
def stuck() -> str:
    log = log_folder("stuck")
    with Watch(f"camera:{LOOPBACK}", "--log", str(log)) as watch:
        watch.frames(3)
        camera("stall", "loopback")
        time.sleep(1)
        status, took = watch.end()
    camera("go", "loopback")
    check(status == 0, f"exit status {status}: {watch.last_words()}")
    session(watch, log)
    return f"ended {took:.1f} s after Ctrl-C {in_time(watch, took, 1)}, session complete"


@case("the window: a stalled camera", "loopback")
def window_stalled() -> str:
    log = log_folder("window-stalled")
    with window(f"camera:{LOOPBACK}", "--log", str(log)) as process:
        wait_until("rows", lambda: rows_of(log) >= 3)
        photograph("loopback-live")
        camera("stall", "loopback")
        wait_until("the event", lambda: "stalled" in events_of(log))
        time.sleep(6)
        photograph("camera-stalled")
        camera("go", "loopback")
        wait_until("the return", lambda: "back" in events_of(log))
        rows = rows_of(log)
        wait_until("rows", lambda: rows_of(log) >= rows + 3)
        stalls = events_of(log).count("stalled")
        camera("stall", "loopback")
        wait_until("the second event", lambda: events_of(log).count("stalled") > stalls)
        asked = time.monotonic()
        process.send_signal(signal.SIGINT)
        status = process.wait(PATIENCE)
        took = time.monotonic() - asked
    check(took <= WINDOW, f"closed in {took:.1f} s")
    camera("go", "loopback")
    check(status == 0, f"exit status {status}")
    return f"the window closed in {took:.1f} s with the camera stuck; picture in shots/"


@case("vivid, no face: rows with empty face columns", "vivid")
def vivid() -> str:
    return watched("vivid", VIVID, "YUYV", (640, 360), 30, 5, face=False)


@case("a camera left at 12.5 frames a second, in a format that Mien cannot read", "vivid")
def odd() -> str:
    node = nodes(VIVID)[0]
    for setting in ["--set-fmt-video=width=640,height=360,pixelformat=BGR3", "--set-parm=12.5"]:
        subprocess.run(["v4l2-ctl", "-d", node, setting], check=True, capture_output=True)
    said = subprocess.run(
        ["v4l2-ctl", "-d", node, "--get-parm", "--get-fmt-video"], capture_output=True, text=True
    ).stdout
    check("BGR3" in said and "12.500" in said, f"the camera could not be set so: {said}")
    with Watch(f"camera:{VIVID}", "--size", "640x360") as watch:
        watch.frames(3)
        watch.end()
    return f"from {set_to_text(said)}: it opens all the same"


def main() -> int:
    wanted = sys.argv[1:]
    failed = 0
    for title, kind, function in CASES:
        if wanted and function.__name__ not in wanted:
            continue
        begun = time.monotonic()
        try:
            only(kind)
            word, seen = "ok    ", function()
        except Failed as reason:
            word, seen = "FAILED", str(reason)
        except Exception as reason:  # a fault of the case itself is a failure too
            word, seen = "FAILED", f"{type(reason).__name__}: {reason}"
        failed += word == "FAILED"
        print(f"{word} {title} ({function.__name__}, {time.monotonic() - begun:.0f} s)\n       {seen}", flush=True)
    print(f"{failed} failed" if failed else "all passed", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
