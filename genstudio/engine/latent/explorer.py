"""A model as one looks into it: codes to pictures and back, whatever its family."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.errors import InputError
from genstudio.core.words import picture
from genstudio.data.batches import to_bytes, to_unit
from genstudio.engine.latent.place import NO_LABEL, Floats, Place, check_finite
from genstudio.engine.load import Trained, fingerprint, load_trained
from genstudio.engine.run import Run
from genstudio.models.base import Decodes, Encodes, Samples
from genstudio.models.capabilities import Prior

Images = NDArray[np.uint8]
Labels = int | NDArray[np.int64]
_CHUNK = 64  # pictures drawn in one pass: more of them only need more memory


class Explorer:
    """Codes are what `draw` takes: of an encoder family its codes, of the others their noise.

    To be used in one thread at a time.

    Parameters
    ----------
    trained : Trained
        A model from a run, or a copy of one that is being trained.

    Attributes
    ----------
    size : int
        Numbers in a code, D.
    shape : (int, int, int)
        Height, width and channels of a picture.
    labels : tuple of str
        What a model by label can be asked for; empty for others.

    Raises
    ------
    InputError
        When the model draws nothing from codes, or no pictures.
    """

    def __init__(self, trained: Trained) -> None:
        model = trained.model
        if isinstance(model, Decodes):
            self._draw: Callable[[Tensor, Tensor | None], Tensor] = model.decode
        elif isinstance(model, Samples):
            self._draw = model.sample
        else:
            raise InputError(
                f"A model of the family “{trained.document.family}” has no latent space to walk through."
            )
        shape = trained.document.data.picture_shape()
        if shape is None:
            raise InputError(
                "This run draws points in the plane: the laboratory on the Train page shows all of them at once."
            )
        self.trained, self.shape = trained, shape
        self.size = int(vars(model)["latent_dim"])  # all that decode or sample have it
        self.labels = tuple(trained.document.data.labels) if trained.model.conditional else ()
        self._hash: str | None = None

    @classmethod
    def open(cls, path: Path) -> Explorer:
        """The newest good checkpoint of a run, averaged weights where it keeps them; raises as `load_trained`."""
        return cls(load_trained(Run.open(path)))

    @property
    def can_encode(self) -> bool:
        """Whether pictures have codes by an encoder; those of other models are found by `invert`."""
        return isinstance(self.trained.model, Encodes)

    @property
    def step(self) -> int:
        """Steps that the weights have been trained."""
        return self.trained.step

    def fingerprint(self) -> str:
        """A hash of the weights."""
        if self._hash is None:
            self._hash = fingerprint(self.trained)
        return self._hash

    # --- codes to pictures -----------------------------------------------------------------------------

    def picture(self, place: Place) -> Images:
        """The picture at a place: uint8 [H, W, C].

        Drawn alone, so that the same place always gives the same picture, bit for bit: beside others the last bits
        may differ.
        """
        return self.draw(place.code[None], place.label)[0]

    @torch.no_grad()
    def draw(self, codes: Floats, labels: Labels = NO_LABEL) -> Images:
        """Codes float32 [N, D] to pictures uint8 [N, H, W, C].

        Parameters
        ----------
        labels : int or int64 [N]
            For models by label; -1 for none.

        Raises
        ------
        InputError
            When the codes are not of this model's size, or hold numbers that are not finite.
        """
        if codes.ndim != 2 or codes.shape[1] != self.size:
            size = list(codes.shape[1:])
            raise InputError(f"A code of this model has {self.size:,} numbers, not {size}: it is of another model.")
        check_finite(codes)
        parts = [np.empty((0, *self.shape), np.uint8)]
        for start in range(0, len(codes), _CHUNK):
            part = slice(start, start + _CHUNK)
            given = labels if isinstance(labels, int) else labels[part]
            parts.append(self._drawn(codes[part], given))
        return parts[1] if len(parts) == 2 else np.concatenate(parts)

    def _drawn(self, codes: Floats, labels: Labels) -> Images:
        device = self.trained.machine.device
        given = torch.from_numpy(np.ascontiguousarray(codes, np.float32)).to(device)
        return to_bytes(self._draw(given, self.label_row(labels, len(codes))))

    def drawn(self, codes: Tensor, labels: Tensor | None) -> Tensor:
        """Codes float32 [N, D] on the model's device to pictures float32 [N, C, H, W] in 0..1, gradients kept."""
        return self._draw(codes, labels).float()

    def label_of(self, name: str | None) -> int:
        """The number of a label that the model can be asked for; -1 for any other."""
        return self.labels.index(name) if name in self.labels else NO_LABEL

    def label_row(self, labels: Labels, count: int) -> Tensor | None:
        """Labels as the model takes them: int64 [count]; None for a model that looks at none."""
        if not self.labels:
            return None
        device = self.trained.machine.device
        if isinstance(labels, int):
            return torch.full((count,), labels, dtype=torch.int64, device=device)
        return torch.from_numpy(np.ascontiguousarray(labels, np.int64)).to(device)

    @torch.no_grad()
    def random(self, count: int, seed: int) -> Floats:
        """Codes as the model itself draws them: float32 [count, D]; the same seed gives the same."""
        noise = torch.randn(count, self.size, generator=torch.Generator().manual_seed(seed))
        model = self.trained.model
        noise = noise.to(self.trained.machine.device)
        codes = model.prior(noise) if isinstance(model, Prior) else noise
        return codes.float().cpu().numpy()

    # --- pictures to codes -----------------------------------------------------------------------------

    @torch.no_grad()
    def encode(self, images: Images, labels: Labels = NO_LABEL) -> Floats:
        """Pictures uint8 [N, H, W, C] to codes float32 [N, D].

        Raises
        ------
        InputError
            When the model has no encoder, or takes pictures of another shape.
        """
        model = self.trained.model
        if not isinstance(model, Encodes):
            raise InputError(f"A model of the family “{self.trained.document.family}” has no encoder.")
        self.check_shape(images)
        parts = [np.empty((0, self.size), np.float32)]
        for start in range(0, len(images), _CHUNK):
            part = slice(start, start + _CHUNK)
            given = labels if isinstance(labels, int) else labels[part]
            items = self.unit(images[part])
            parts.append(model.encode(items, self.label_row(given, len(items))).float().cpu().numpy())
        return np.concatenate(parts)

    def unit(self, images: Images) -> Tensor:
        """Pictures uint8 [N, H, W, C] as the model takes them: float32 [N, C, H, W] in 0..1, on its device."""
        return to_unit(torch.from_numpy(np.array(images)), self.trained.machine.device)

    def check_shape(self, images: Images) -> None:
        """Raise `InputError` when pictures [N, H, W, C] are not of the model's shape."""
        if tuple(images.shape[1:]) != self.shape:
            raise InputError(
                f"The picture has {picture(tuple(images.shape[1:]))}, the model was trained on {picture(self.shape)}."
            )
