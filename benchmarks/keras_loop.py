"""Keras' `fit` on the article's autoencoder. Keras is no dependency: without it this is left out.

The backend is the one that KERAS_BACKEND names, else the first of tensorflow, jax and torch that is installed.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import Any

import numpy as np
from loops import Case
from numpy.typing import NDArray

BACKENDS = ("tensorflow", "jax", "torch")  # the fastest at this network on a processor first


def trouble() -> str:
    """Why Keras cannot be used here; empty when it can."""
    if importlib.util.find_spec("keras") is None:
        return "Keras is left out, it is not installed here: “pip install keras tensorflow-cpu” adds it."
    return ""


def start(threads: int) -> str:
    """Import Keras with so many threads; its version and backend in words. Call it once, before `Keras`."""
    found = next((name for name in BACKENDS if importlib.util.find_spec(name) is not None), "torch")
    backend = os.environ.setdefault("KERAS_BACKEND", found)
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if backend == "jax" and threads == 1:
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} --xla_cpu_multi_thread_eigen=false"
    if backend == "tensorflow":
        threading = importlib.import_module("tensorflow").config.threading
        threading.set_intra_op_parallelism_threads(threads)
        threading.set_inter_op_parallelism_threads(1)
    keras = importlib.import_module("keras")
    version = getattr(importlib.import_module(backend), "__version__", "")
    return f"Keras {keras.__version__} on {backend} {version}"


class Keras:
    """`fit` with its defaults: shuffled, Adam, mean squared error; compiled by the backend where that is its default.

    Timed is a call of `fit` with as many pictures as the steps need.
    """

    def __init__(self, case: Case, images: NDArray[np.uint8], batch: int) -> None:
        keras: Any = importlib.import_module("keras")
        layers, shape = keras.layers, images.shape[1:]
        codes, bottom = int(case.knobs["latent_dim"]), (shape[0] // 4, shape[1] // 4, 64)
        self._model = keras.Sequential([
            keras.Input(shape),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Conv2D(64, 3, padding="same", activation="relu"),
            layers.MaxPooling2D(2),
            layers.Flatten(),
            layers.Dense(codes),
            layers.Dense(int(np.prod(bottom)), activation="relu"),
            layers.Reshape(bottom),
            layers.UpSampling2D(2),
            layers.Conv2D(32, 3, padding="same", activation="relu"),
            layers.UpSampling2D(2),
            layers.Conv2D(shape[2], 3, padding="same"),
        ])  # fmt: skip
        self._model.compile(optimizer=keras.optimizers.Adam(1e-3), loss="mse")
        self._images, self._batch = images, batch
        self._pictures: dict[int, NDArray[np.float32]] = {}

    def __call__(self, steps: int) -> int:
        if steps not in self._pictures:
            rows = np.resize(np.arange(len(self._images)), steps * self._batch)
            self._pictures[steps] = self._images[rows].astype(np.float32) / np.float32(255)
        pictures = self._pictures[steps]
        self._model.fit(pictures, pictures, batch_size=self._batch, epochs=1, verbose=0)
        return steps
