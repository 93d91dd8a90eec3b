"""What ONNX Runtime's settings are worth for one of our networks.

Prints a table: milliseconds for a face with other optimisations, threads, spinning, memory arena and batches, and
what 8-bit integers take. Mien's own setting is the first row. `make test-training` makes the environment.

    ~/.cache/mien/training/bin/python benches/network.py models/mien-m.onnx
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnxruntime as ort
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static

Set = Callable[[ort.SessionOptions], None]


def session(model: str, change: Set | None = None, threads: int = 1, spinning: bool = False) -> ort.InferenceSession:
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.add_session_config_entry("session.intra_op.allow_spinning", str(int(spinning)))
    if change:
        change(options)
    return ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def milliseconds(model: ort.InferenceSession, faces: int, runs: int) -> tuple[float, float]:
    """The median and the slowest of a hundred, for each face."""
    given = model.get_inputs()[0]
    size = [faces, *given.shape[1:]]
    pixels = np.random.default_rng(1).integers(0, 256, size).astype(np.float32)
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        model.run(None, {given.name: pixels})
        taken.append(time.perf_counter() - began)
    taken = sorted(taken[runs // 10 :])
    return statistics.median(taken) * 1e3 / faces, taken[len(taken) * 99 // 100] * 1e3 / faces


def optimised(level: str) -> Set:
    return lambda options: setattr(options, "graph_optimization_level", getattr(ort.GraphOptimizationLevel, level))


def without_arena(options: ort.SessionOptions) -> None:
    options.enable_cpu_mem_arena = False


def in_integers(model: str, folder: str) -> str:
    """The network in 8-bit integers, its ranges from random pictures: good for its time, not for its answers."""
    class Random(CalibrationDataReader):
        def __init__(self) -> None:
            given = ort.InferenceSession(model).get_inputs()[0]
            random = np.random.default_rng(2)
            self.left = [
                {given.name: random.integers(0, 256, [1, *given.shape[1:]]).astype(np.float32)} for _ in range(16)
            ]

        def get_next(self) -> dict | None:
            return self.left.pop() if self.left else None

    path = str(Path(folder) / "integers.onnx")
    # Activations without a sign: with one it is slower than in floats.
    quantize_static(
        model, path, Random(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8
    )
    return path


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model")
    parser.add_argument("--runs", type=int, default=400)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        shipped = session(args.model)
        rows = [
            ("as shipped: all optimisations, one thread that sleeps, arena", shipped, 1),
            ("extended optimisations", session(args.model, optimised("ORT_ENABLE_EXTENDED")), 1),
            ("basic", session(args.model, optimised("ORT_ENABLE_BASIC")), 1),
            ("none", session(args.model, optimised("ORT_DISABLE_ALL")), 1),
            ("two threads that sleep", session(args.model, threads=2), 1),
            ("two threads that spin", session(args.model, threads=2, spinning=True), 1),
            ("without the arena", session(args.model, without_arena), 1),
            ("two faces in a batch", shipped, 2),
            ("four", shipped, 4),
            ("eight", shipped, 8),
            ("8-bit integers", session(in_integers(args.model, folder)), 1),
        ]
        print("| | ms a face | 99 % |\n| --- | --- | --- |")
        for what, model, faces in rows:
            median, slow = milliseconds(model, faces, args.runs)
            print(f"| {what} | {median:.2f} | {slow:.2f} |", flush=True)


if __name__ == "__main__":
    main()
