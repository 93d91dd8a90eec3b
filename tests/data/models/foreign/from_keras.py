# /// script
# requires-python = ">=3.9,<3.12"
# dependencies = ["tensorflow-cpu==2.15.1", "tf2onnx==1.16.1", "onnx==1.16.2", "Pillow"]
# ///
"""Writes keras-*.onnx: tiny networks as people train them with Keras, through tf2onnx.

Axes are NHWC, classes in the order of their folders' names, and nothing in the file says how it is
to be fed. Each sees a face as 8 x 8 means, learned on the faces of nobody.
"""

from pathlib import Path

import keras
import numpy as np
import tensorflow as tf
import tf2onnx

from faces import views

HERE = Path(__file__).parent
LABELS = ["angry", "disgust", "fear", "happy", "neutral", "sad", "surprise"]


def train(name, side, channels, scale):
    keras.utils.set_random_seed(1)
    network = keras.Sequential([
        keras.layers.Input((side, side, channels)),
        keras.layers.AveragePooling2D(side // 8),
        keras.layers.Flatten(),
        keras.layers.Dense(len(LABELS), activation="softmax"),
    ])
    network.compile(keras.optimizers.Adam(0.02), "sparse_categorical_crossentropy", ["accuracy"])
    pictures, truth = views(LABELS, side)
    pictures = np.repeat(scale(pictures)[..., None], channels, axis=-1)
    network.fit(pictures, truth, epochs=60, verbose=0)
    print(name, "accuracy", network.evaluate(pictures, truth, verbose=0)[1])
    shape = tf.TensorSpec((None, side, side, channels), tf.float32, name="face")
    tf2onnx.convert.from_keras(network, [shape], opset=15, output_path=HERE / f"{name}.onnx")


train("keras-48-gray", 48, 1, lambda pictures: pictures / 255)
train("keras-48-rgb", 48, 3, lambda pictures: pictures / 255)
train("keras-224-rgb", 224, 3, lambda pictures: pictures / 127.5 - 1)
