"""What a trained model is asked for: samples, reconstructions, codes. In chunks, so that a million fit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.core.errors import InputError
from genstudio.core.words import picture
from genstudio.data import Dataset
from genstudio.data.batches import to_bytes, to_unit
from genstudio.engine.load import Trained
from genstudio.models.base import Decodes, Encodes, Samples

if TYPE_CHECKING:
    from genstudio.engine.latent_sampler import FittedSampler

_CHUNK = 256
Progress = Callable[[int, int], None]
Items = NDArray[Any]  # pictures uint8 [N, H, W, C], or points float32 [N, 2]


def _silent(done: int, total: int) -> None:
    """Progress that nobody watches."""


def sample(
    trained: Trained,
    count: int,
    seed: int = 0,
    progress: Progress = _silent,
    sampler: FittedSampler | None = None,
    labels: Sequence[str] = (),
) -> Items:
    """Draw new items; the same seed gives the same ones, whatever the count.

    Parameters
    ----------
    sampler : FittedSampler or None
        Where codes come from; None for the model's own prior.
    labels : sequence of str
        For models by label: these in turn, all of them when none is named.

    Returns
    -------
    uint8 [count, H, W, C], or float32 [count, 2] of points

    Raises `InputError` when this kind of model draws none, none are asked for, or a label is not known.
    """
    if count < 1:
        raise InputError(f"The number of samples is at least 1, not {count}.")
    model, device = trained.model, trained.machine.device
    if not isinstance(model, Samples):
        raise InputError(f"A model of the family “{trained.document.family}” cannot draw samples.")
    wanted = label_numbers(trained, labels)
    rows = None if wanted is None else wanted[np.arange(count) % len(wanted)]
    codes = None if sampler is None else sampler.codes(count, seed, rows)
    generator = torch.Generator().manual_seed(seed)

    def draw(part: slice) -> Items:
        given = None if rows is None else torch.from_numpy(rows[part]).to(device)
        if codes is not None and isinstance(model, Decodes):
            return _as_items(model.decode(torch.from_numpy(codes[part]).to(device), given))
        # always whole chunks of noise: torch gives other numbers for another size
        noise = torch.randn(_CHUNK, model.latent_dim, generator=generator)[: part.stop - part.start]
        return _as_items(model.sample(noise.to(device), given))

    return in_chunks(draw, count, progress)


def label_numbers(trained: Trained, names: Sequence[str]) -> NDArray[np.int64] | None:
    """Labels by name as the model knows them, all of them for no name; None for a model that knows none.

    Raises
    ------
    InputError
        When a label is not known, or the model knows none at all.
    """
    if not trained.model.conditional:
        if names:
            raise InputError("This model was not trained by label: train one with “--conditional yes”.")
        return None
    known = {name: i for i, name in enumerate(trained.document.data.labels)}
    for name in names:
        if name not in known:
            some = ", ".join(list(known)[:20]) + (" …" if len(known) > 20 else "")
            raise InputError(f"This model knows no label “{name}”; there are {some}.")
    return np.array([known[name] for name in names] or range(len(known)), np.int64)


def reconstruct(trained: Trained, data: Dataset, progress: Progress = _silent) -> Items:
    """Encode and decode each item, pictures as uint8 [N, H, W, C], points as float32 [N, 2]; raises
    `InputError` when the model or data cannot.
    """
    model = trained.model
    if not (isinstance(model, Encodes) and isinstance(model, Decodes)):
        raise InputError(f"A model of the family “{trained.document.family}” cannot reconstruct.")
    check_fits(trained, data)

    def again(part: slice) -> Items:
        labels = labels_of(trained, data, part)
        return _as_items(model.decode(model.encode(items_of(trained, data, part), labels), labels))

    return in_chunks(again, len(data), progress)


def encode(trained: Trained, data: Dataset, progress: Progress = _silent) -> NDArray[np.float32]:
    """The code of each item: float32 [N, latent_dim]; raises `InputError` when the model or data cannot."""
    model = trained.model
    if not isinstance(model, Encodes):
        raise InputError(f"A model of the family “{trained.document.family}” has no codes.")
    check_fits(trained, data)

    def codes(part: slice) -> NDArray[np.float32]:
        return model.encode(items_of(trained, data, part), labels_of(trained, data, part)).float().cpu().numpy()

    return in_chunks(codes, len(data), progress)


def check_fits(trained: Trained, data: Dataset) -> None:
    """Raise `InputError` when items are not what the model was trained on: pictures of one size, or points."""
    expected = tuple(trained.document.data.shape)
    if len(expected) == 1 and data.points is None:
        raise InputError(f"“{data.source}” has no points in the plane, which the model was trained on.")
    if len(expected) == 3:
        data.need_pictures()
    if len(expected) == 3 and data.shape != expected:
        raise InputError(
            f"“{data.source}” has pictures of {picture(data.shape)}, the model was trained on {picture(expected)}."
        )


def mean_squared_error(a: Items, b: Items) -> float:
    """Mean squared difference per pixel, both taken as 0..1, or per coordinate of points."""
    unit = 255 if a.dtype == np.uint8 else 1
    differences = (a[p].astype(np.float32) - b[p].astype(np.float32) for p in _parts(len(a)))
    return sum(float(np.square(d).sum(dtype=np.float64)) for d in differences) / a.size / unit**2


def source_items(trained: Trained, data: Dataset) -> Items:
    """What of a data set the model works on: its pictures, or its points."""
    if len(trained.document.data.shape) == 3 or data.points is None:
        return data.images
    return data.points


def items_of(trained: Trained, data: Dataset, part: slice) -> torch.Tensor:
    """Items as the model takes them, on its device: pictures float32 [N, C, H, W] in 0..1, or points [N, 2]."""
    rows = source_items(trained, data)[part]
    tensor = torch.from_numpy(rows if rows.flags.writeable else rows.copy())
    device = trained.machine.device
    return to_unit(tensor, device) if tensor.dtype == torch.uint8 else tensor.to(device)


def labels_of(trained: Trained, data: Dataset, part: slice) -> torch.Tensor | None:
    """The labels as the model knows them, by name: -1 for those that it never saw; None when it looks at none."""
    if data.labels is None or not trained.model.conditional:
        return None
    known = {name: i for i, name in enumerate(trained.document.data.labels)}
    ours = np.array([*(known.get(name, -1) for name in data.label_names), -1], np.int64)  # the last is for "none"
    return torch.from_numpy(ours[data.labels[part]]).to(trained.machine.device)


def _as_items(drawn: torch.Tensor) -> Items:
    return to_bytes(drawn) if drawn.ndim == 4 else drawn.float().cpu().numpy()


def _parts(count: int) -> Iterator[slice]:
    for start in range(0, count, _CHUNK):
        yield slice(start, min(start + _CHUNK, count))


@torch.no_grad()
def in_chunks(work: Callable[[slice], NDArray], count: int, progress: Progress) -> NDArray:
    """`work` for a few hundred rows at a time, without gradients, put together."""
    results: list[NDArray] = []
    for part in _parts(count):
        results.append(work(part))
        progress(part.stop, count)
    return np.concatenate(results)
