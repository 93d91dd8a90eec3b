"""One command spread over two workers of a local Ray cluster (docs/scale.md).

What is tested is the spreading: a stand-in takes the place of `mien analyze` and notes what it was
asked and where. With MIEN set to a built program, that one runs too, on videos made by ffmpeg.
"""

import csv
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
ROOT = Path(__file__).parents[2]

# Fails for files called broken; waits, so that one worker cannot take all.
STAND_IN = """#!{python}
import os, sys, time
from pathlib import Path
*options, file = sys.argv[1:]
time.sleep(0.3)
if "broken" in file:
    sys.exit("mien: the video '" + file + "' cannot be read: it is no video")
place = Path(file).relative_to(options[options.index("--base") + 1]).with_suffix("")
session = Path(options[options.index("--out") + 1]) / place
session.mkdir(parents=True, exist_ok=True)
(session / "node").write_text(os.environ["RAY_RAYLET_PID"])
(session / "options").write_text(" ".join(options))
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[str]:
    """The address of a cluster of two workers with one processor each."""
    import ray
    from ray.cluster_utils import Cluster

    one = {"num_cpus": 1, "object_store_memory": 80 * 2**20, "include_dashboard": False}
    # Its logs do not stay. Not in pytest's own folder: a socket's path has at most 107 bytes.
    with tempfile.TemporaryDirectory() as logs, pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_TMPDIR", logs)
        cluster = Cluster(initialize_head=True, head_node_args=one)
        cluster.add_node(num_cpus=1, object_store_memory=80 * 2**20)
        yield cluster.address
        ray.shutdown()
        cluster.shutdown()


def scale(
    folder: Path, cluster: str, program: Path, *options: str
) -> subprocess.CompletedProcess[str]:
    files = sorted(str(file) for file in (folder / "study").rglob("*.mp4"))
    (folder / "files.txt").write_text("\n".join(files) + "\n")
    command = [sys.executable, str(ROOT / "scripts/scale.py"), str(folder / "files.txt")]
    command += ["--base", str(folder / "study"), "--out", str(folder / "out")]
    command += ["--mien", str(program), "--address", cluster, "--", *options]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def test_files_are_spread_over_two_workers_and_failures_are_listed(
    tmp_path: Path, cluster: str
) -> None:
    for name in ["p1/a", "p1/b", "p2/a", "p2/broken", "p2/c", "p2/d"]:
        file = tmp_path / "study" / f"{name}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    stand_in = tmp_path / "stand-in"
    stand_in.write_text(STAND_IN.format(python=sys.executable))
    stand_in.chmod(0o755)

    done = scale(tmp_path, cluster, stand_in, "--model", "mien-s", "--every", "2")
    assert done.returncode == 1, done.stderr
    assert "broken.mp4' cannot be read" in done.stderr
    assert "1 of 6 failed" in done.stderr
    sessions = {path.parent for path in (tmp_path / "out").rglob("node")}
    places = sorted(str(session.relative_to(tmp_path / "out")) for session in sessions)
    assert places == ["p1/a", "p1/b", "p2/a", "p2/c", "p2/d"]
    nodes = {(session / "node").read_text() for session in sessions}
    assert len(nodes) == 2, "both workers had a part"
    asked = (tmp_path / "out/p1/a/options").read_text()
    assert asked.startswith("analyze --quiet --resume --model mien-s --every 2 --base")


@pytest.mark.skipif("MIEN" not in os.environ, reason="MIEN names no built program")
def test_the_program_itself_resumes_and_writes_one_summary(tmp_path: Path, cluster: str) -> None:
    program = Path(os.environ["MIEN"]).resolve()
    for name in ["p1/a", "p2/a"]:
        file = tmp_path / "study" / f"{name}.mp4"
        file.parent.mkdir(parents=True, exist_ok=True)
        picture = "testsrc=size=160x120:rate=10:duration=1"
        make = ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", picture]
        subprocess.run([*make, file], check=True)
    for _ in range(2):
        done = scale(tmp_path, cluster, program)
        assert done.returncode == 0, done.stderr
    with (tmp_path / "out/summary.csv").open() as table:
        rows = sorted(
            (row["session"], row["status"], row["frames"]) for row in csv.DictReader(table)
        )
    assert rows == [("p1/a", "done", "10"), ("p2/a", "done", "10")]
    assert not (tmp_path / "out/p1/a-2").exists()
