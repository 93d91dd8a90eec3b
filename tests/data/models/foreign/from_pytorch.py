# /// script
# requires-python = ">=3.10"
# dependencies = ["torch", "onnx", "onnxruntime", "Pillow", "numpy"]
# ///
"""Writes the other models here: tiny networks as PyTorch and ONNX Runtime's tools leave them.

Each sees a face as 8 x 8 means, learned on the faces of nobody. Made with the versions pinned in
training/requirements.txt.
"""

import logging
import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, quantize_static
from torch import nn

from faces import views

HERE = Path(__file__).parent
CHALLENGE = ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]
# github.com/microsoft/FERPlus
FERPLUS = ["neutral", "happy", "surprise", "sad", "angry", "disgust", "fear", "contempt"]


class Net(nn.Module):
    """Pooled brightness, one layer. With `divisor` 255 it takes bytes."""

    def __init__(self, side, classes, divisor):
        super().__init__()
        self.pool = nn.AvgPool2d(side // 8)
        self.layer = nn.Linear(64, classes)
        self.divisor = divisor

    def forward(self, faces):
        return self.layer(self.pool(faces / self.divisor).flatten(1))


class TwoOutputs(nn.Module):
    """The answer, and what it was made from."""

    def __init__(self, net):
        super().__init__()
        self.net = net

    def forward(self, faces):
        return self.net(faces), self.net.pool(faces / self.net.divisor)


def train(labels, side, divisor, scale=1.0):
    torch.manual_seed(1)
    pictures, truth = views(labels, side)
    pictures = torch.from_numpy(pictures)[:, None] / scale
    truth = torch.from_numpy(truth)
    net = Net(side, len(labels), divisor)
    optimizer = torch.optim.Adam(net.parameters(), 0.02)
    for _ in range(400):
        optimizer.zero_grad()
        nn.functional.cross_entropy(net(pictures), truth).backward()
        optimizer.step()
    print("accuracy", (net(pictures).argmax(1) == truth).float().mean().item())
    return net.eval()


def export(net, side, path, outputs=("output",), batch=True):
    names = ["input", *outputs]
    torch.onnx.export(
        net, (torch.zeros(1, 1, side, side),), path, input_names=names[:1], output_names=names[1:],
        dynamic_axes={name: {0: "batch"} for name in names} if batch else None,
        opset_version=17, dynamo=False,
    )


class Pictures(CalibrationDataReader):
    def __init__(self):
        pictures, _ = views(CHALLENGE, 48)
        self.batches = iter([{"input": pictures[:, None] / 255}])

    def get_next(self):
        return next(self.batches, None)


logging.disable()
plain = train(CHALLENGE, 48, 1.0, scale=255.0)
export(plain, 48, HERE / "pytorch.onnx")
export(plain, 48, HERE / "pytorch-fixed-batch.onnx", batch=False)
export(TwoOutputs(plain), 48, HERE / "pytorch-two-outputs.onnx", outputs=("output", "features"))
with tempfile.TemporaryDirectory() as folder:
    quantize_static(
        HERE / "pytorch.onnx", HERE / "int8.onnx", Pictures(), quant_format=QuantFormat.QDQ
    )
onnx.save(
    onnx.load(HERE / "pytorch.onnx"), HERE / "external.onnx", save_as_external_data=True,
    location="external.onnx.data", size_threshold=0,
)
export(train(FERPLUS, 64, 255.0), 64, HERE / "ferplus.onnx", batch=False)
for path in sorted(HERE.glob("*.onnx")):
    print(path.name, path.stat().st_size)
