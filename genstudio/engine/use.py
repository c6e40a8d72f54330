"""What a trained model is asked for: samples, reconstructions, codes. In chunks, so that a million fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.core.words import picture
from genstudio.data import Dataset
from genstudio.data.batches import to_bytes, to_unit
from genstudio.engine.load import Trained
from genstudio.models.base import Decodes, Encodes, Samples

_CHUNK = 256
Progress = Callable[[int, int], None]


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def sample(trained: Trained, count: int, seed: int = 0, progress: Progress = _silent) -> NDArray[np.uint8]:
    """Draw new pictures: uint8 [count, H, W, C]; the same seed gives the same pictures, whatever the count.

    Raises
    ------
    InputError
        When this kind of model draws none, or none are asked for.
    """
    if count < 1:
        raise InputError(f"The number of samples is at least 1, not {count}.")
    model = trained.model
    if not isinstance(model, Samples):
        raise InputError(f"A model of the family “{trained.document.family}” cannot draw samples.")
    generator = torch.Generator().manual_seed(seed)

    def draw(part: slice) -> NDArray[np.uint8]:
        # always whole chunks of noise: torch gives other numbers for another size
        noise = torch.randn(_CHUNK, model.latent_dim, generator=generator)[: part.stop - part.start]
        return to_bytes(model.sample(noise.to(trained.machine.device), model.label_row(len(noise))))

    return _in_chunks(draw, count, progress)


def reconstruct(trained: Trained, data: Dataset, progress: Progress = _silent) -> NDArray[np.uint8]:
    """Encode and decode each picture: uint8 [N, H, W, C]; raises `InputError` when the model or data cannot."""
    model = trained.model
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
        raise InputError(f"A model of the family “{trained.document.family}” cannot reconstruct.")
    check_fits(trained, data)

    def again(part: slice) -> NDArray[np.uint8]:
        labels = _labels(trained, data, part)
        return to_bytes(model.decode(model.encode(_images(trained, data, part), labels), labels))

    return _in_chunks(again, len(data), progress)


def encode(trained: Trained, data: Dataset, progress: Progress = _silent) -> NDArray[np.float32]:
    """The code of each picture: float32 [N, latent_dim]; raises `InputError` when the model or data cannot."""
    model = trained.model
    if not isinstance(model, Encodes):
        raise InputError(f"A model of the family “{trained.document.family}” has no codes.")
    check_fits(trained, data)

    def codes(part: slice) -> NDArray[np.float32]:
        return model.encode(_images(trained, data, part), _labels(trained, data, part)).float().cpu().numpy()

    return _in_chunks(codes, len(data), progress)


def check_fits(trained: Trained, data: Dataset) -> None:
    """Raise `InputError` when pictures are not of the size that the model was trained on."""
    data.need_pictures()
    expected = tuple(trained.document.data.shape)
    if data.shape != expected:
        raise InputError(
            f"“{data.source}” has pictures of {picture(data.shape)}, the model was trained on {picture(expected)}."
        )


def mean_squared_error(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean squared difference per pixel, both taken as 0..1."""
    differences = (a[p].astype(np.float32) - b[p].astype(np.float32) for p in _parts(len(a)))
    return sum(float(np.square(d).sum(dtype=np.float64)) for d in differences) / a.size / 255**2


def _images(trained: Trained, data: Dataset, part: slice) -> torch.Tensor:
    return to_unit(torch.from_numpy(data.images[part]), trained.machine.device)


def _labels(trained: Trained, data: Dataset, part: slice) -> torch.Tensor | None:
    """The labels as the model knows them, by name: -1 for those that it never saw."""
    if data.labels is None or not trained.model.conditional:
        return None
    known = {name: i for i, name in enumerate(trained.document.data.labels)}
    ours = np.array([*(known.get(name, -1) for name in data.label_names), -1], np.int64)  # the last is for "none"
    return torch.from_numpy(ours[data.labels[part]]).to(trained.machine.device)


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


@torch.no_grad()
def _in_chunks(work: Callable[[slice], NDArray], count: int, progress: Progress) -> NDArray:
    results: list[NDArray] = []
    for part in _parts(count):
        results.append(work(part))
        progress(part.stop, count)
    return np.concatenate(results)
