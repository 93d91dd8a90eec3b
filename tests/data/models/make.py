#!/usr/bin/env python3
"""Writes the small ONNX models that the tests load. Needs the package `onnx`; run it here."""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HERE = Path(__file__).parent
LABELS = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
CARD = {
    "labels": ",".join(LABELS),
    "input": "48x48x1",
    "layout": "NCHW",
    "color": "gray",
    "scale": "0..255",
    "output": "logits",
    "title": "A test model",
    "trained_on": "nothing",
    "license": "MIT OR Apache-2.0",
    "metrics": '{"accuracy": 0.5}',
}


def write(name, inputs, nodes, weights, outputs, card):
    """Saves a model from `inputs` and `outputs` (lists of sizes) and nodes between `face` and `answer`."""
    graph = helper.make_graph(
        nodes,
        name,
        [helper.make_tensor_value_info("face", TensorProto.FLOAT, inputs)],
        [helper.make_tensor_value_info("answer", TensorProto.FLOAT, outputs)],
        [numpy_helper.from_array(np.asarray(value), key) for key, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    helper.set_model_props(model, {f"mien.{key}": value for key, value in card.items()})
    onnx.save(model, HERE / f"{name}.onnx")


def by_brightness(name, batch, card, classes=7, size=48):
    """Logits from the mean value of a grey face: happy when it is above 127.5, else sad; with one bias each."""
    slope = np.zeros((1, classes), np.float32)
    slope[0, 3], slope[0, 4] = 0.02, -0.02
    bias = np.zeros(classes, np.float32)
    bias[3], bias[4] = -2.55, 2.55
    nodes = [
        helper.make_node("ReduceMean", ["face"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Gemm", ["mean", "slope", "bias"], ["answer"]),
    ]
    write(name, [batch, 1, size, size], nodes, {"slope": slope, "bias": bias}, [batch, classes], card)


def by_channel(name):
    """Probabilities from the channels' means, NHWC: the first channel says angry, then disgust, then fear."""
    weights = np.zeros((3, 7), np.float32)
    weights[0, 0] = weights[1, 1] = weights[2, 2] = 10.0
    nodes = [
        helper.make_node("ReduceMean", ["face"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("MatMul", ["mean", "weights"], ["scores"]),
        helper.make_node("Softmax", ["scores"], ["answer"], axis=1),
    ]
    card = CARD | {
        "name": name, "input": "8x8x3", "layout": "NHWC", "color": "bgr", "scale": "0..1",
        "output": "probabilities",
    }
    write(name, ["batch", 8, 8, 3], nodes, {"weights": weights}, ["batch", 7], card)


def not_a_number(name):
    """Answers NaN for every face: the root of a negative number."""
    nodes = [
        helper.make_node("ReduceMean", ["face"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Sub", ["mean", "much"], ["below"]),
        helper.make_node("Sqrt", ["below"], ["answer"]),
    ]
    weights = {"much": np.full((1, 7), 1e6, np.float32)}
    write(name, ["batch", 1, 48, 48], nodes, weights, ["batch", 7], CARD | {"name": name})


def endless(name):
    """Never answers: a loop of nearly 2^63 rounds."""
    scalar = lambda key, kind: helper.make_tensor_value_info(key, kind, [])
    scores = lambda key: helper.make_tensor_value_info(key, TensorProto.FLOAT, ["batch", 7])
    body = helper.make_graph(
        [
            helper.make_node("Identity", ["goes_on"], ["goes_on_still"]),
            helper.make_node("Sin", ["before"], ["after"]),
        ],
        "round",
        [scalar("round", TensorProto.INT64), scalar("goes_on", TensorProto.BOOL), scores("before")],
        [scalar("goes_on_still", TensorProto.BOOL), scores("after")],
    )
    nodes = [
        helper.make_node("ReduceMean", ["face"], ["mean"], axes=[2, 3], keepdims=0),
        helper.make_node("Add", ["mean", "bias"], ["scores"]),
        helper.make_node("Loop", ["rounds", "goes_on", "scores"], ["answer"], body=body),
    ]
    weights = {
        "bias": np.zeros((1, 7), np.float32),
        "rounds": np.asarray(2**63 - 1, np.int64),
        "goes_on": np.asarray(True),
    }
    write(name, ["batch", 1, 48, 48], nodes, weights, ["batch", 7], CARD | {"name": name})


by_brightness("valid", "batch", CARD | {"name": "valid"})
by_brightness("fixed-batch", 1, CARD | {"name": "fixed-batch"})
by_brightness("no-card", "batch", {})
by_brightness("wrong-input", "batch", CARD | {"name": "wrong-input"}, size=64)
by_brightness("wrong-output", "batch", CARD | {"name": "wrong-output"}, classes=8)
by_channel("nhwc")
not_a_number("nan")
endless("endless")
