"""The package `fer`, frame by frame, as its README shows it."""

import json
import os
import sys

# It installs PyTorch and not TensorFlow, and does not tell Keras so.
os.environ.setdefault("KERAS_BACKEND", "torch")

import cv2
from fer.fer import FER


def main(clip: str, most: str) -> None:
    detector = FER()
    video = cv2.VideoCapture(clip)
    frames = found = 0
    while frames < int(most):
        there, picture = video.read()
        if not there:
            break
        frames += 1
        found += len(detector.detect_emotions(picture)) > 0
    print(json.dumps({"frames": frames, "found": found}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
