"""pythae's own training loop around our networks. pythae is no dependency: without it this is left out."""

from __future__ import annotations

import contextlib
import importlib
import io
import logging
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from genstudio.models.losses import LOG_VAR_RANGE


def trouble() -> str:
    """Why pythae cannot be used here; empty when it can."""
    try:
        importlib.import_module("pythae.trainers")
        importlib.import_module("pythae.models")
    except ImportError as error:
        return f"pythae is left out, it cannot be imported here ({error}): “pip install pythae” adds it."
    return ""


class Pythae:
    """`BaseTrainer` of pythae with its own data loader, AdamW and loss.

    Timed is its `train_step`, one pass over as many pictures as the steps need; its copy of the model after each
    epoch, its folders and its logs are not counted, as they would weigh on epochs as short as ours.

    Parameters
    ----------
    family : str
        "vae" (Bernoulli) or "autoencoder" (squared error).
    model : module
        Gives `encoder` and `decoder`.
    size : int
        Length of the code.
    images : uint8 [N, H, W, C]
    """

    def __init__(
        self, family: str, model: Any, size: int, images: NDArray[np.uint8], batch: int, folder: Path
    ) -> None:
        logging.disable(logging.INFO)  # it installs a handler of its own and talks on every start
        self._models = importlib.import_module("pythae.models")
        self._trainers = importlib.import_module("pythae.trainers")
        self._rows, self._batch, self._folder = images, batch, folder
        shape = (images.shape[3], *images.shape[1:3])
        encoder, decoder = _wrapped(model, vae=family == "vae")
        if family == "vae":
            config = self._models.VAEConfig(input_dim=shape, latent_dim=size, reconstruction_loss="bce")
            self._model = self._models.VAE(config, encoder=encoder, decoder=decoder)
        else:
            config = self._models.AEConfig(input_dim=shape, latent_dim=size)
            self._model = self._models.AE(config, encoder=encoder, decoder=decoder)
        self._by_steps: dict[int, Any] = {}

    def __call__(self, steps: int) -> int:
        if steps not in self._by_steps:
            self._by_steps[steps] = self._prepared(steps)
        with contextlib.redirect_stderr(io.StringIO()):  # a progress bar
            self._by_steps[steps].train_step(1)
        return steps

    def _prepared(self, steps: int) -> Any:
        """A trainer whose epoch has that many steps."""
        rows = np.resize(np.arange(len(self._rows)), steps * self._batch)
        floats = torch.from_numpy(self._rows[rows]).permute(0, 3, 1, 2).contiguous().float() / 255
        data = importlib.import_module("pythae.data.datasets").BaseDataset(floats, torch.zeros(len(floats)))
        config = self._trainers.BaseTrainerConfig(
            output_dir=str(self._folder),
            per_device_train_batch_size=self._batch,
            learning_rate=1e-3,
            optimizer_cls="AdamW",
            optimizer_params={"weight_decay": 0.0},
            no_cuda=True,
        )
        trainer = self._trainers.BaseTrainer(self._model, data, training_config=config)
        trainer.prepare_training()
        return trainer


def _wrapped(model: Any, vae: bool) -> tuple[nn.Module, nn.Module]:
    """Our networks in the words of pythae: outputs have names, and a Bernoulli decoder gives probabilities."""
    networks = importlib.import_module("pythae.models.nn")
    output = importlib.import_module("pythae.models.base.base_utils").ModelOutput

    class Encoder(networks.BaseEncoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.encoder

        def forward(self, x: Tensor) -> Any:
            features = self.inner(x)
            if not vae:
                return output(embedding=features)
            mean, log_var = features.chunk(2, dim=1)
            return output(embedding=mean, log_covariance=log_var.clamp(*LOG_VAR_RANGE))

    class Decoder(networks.BaseDecoder):
        def __init__(self) -> None:
            super().__init__()
            self.inner = model.decoder

        def forward(self, z: Tensor) -> Any:
            pixels = self.inner(z)
            return output(reconstruction=pixels.sigmoid() if vae else pixels)

    return Encoder(), Decoder()
