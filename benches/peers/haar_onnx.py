"""What an engineer writes in an afternoon: OpenCV's Haar cascade, and our network in onnxruntime."""

import json
import sys

import cv2
import numpy as np
import onnxruntime


def main(clip: str, model: str) -> None:
    cascade = cv2.CascadeClassifier(cv2.data.haarcascades + "haarcascade_frontalface_default.xml")
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    video = cv2.VideoCapture(clip)
    frames = found = 0
    while True:
        there, picture = video.read()
        if not there:
            break
        frames += 1
        grey = cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY)
        faces = cascade.detectMultiScale(grey, scaleFactor=1.1, minNeighbors=5, minSize=(48, 48))
        found += len(faces) > 0
        for x, y, width, height in faces:
            face = cv2.resize(grey[y : y + height, x : x + width], (48, 48))
            session.run(None, {name: face.astype(np.float32)[None, None]})
    print(json.dumps({"frames": frames, "found": found}))


if __name__ == "__main__":
    main(*sys.argv[1:3])
