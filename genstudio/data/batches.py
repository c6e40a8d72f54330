"""Batches: rows gathered by index, brought to the device. No loop over samples, no copy of the set."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray

from genstudio.data.dataset import Dataset

Batch = dict[str, torch.Tensor]


def to_unit(rows: torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, C] to float32 [N, C, H, W] in 0..1 on `device`, channels last in memory."""
    return rows.to(device).permute(0, 3, 1, 2).to(torch.float32).div_(255.0)


def to_bytes(images: torch.Tensor) -> NDArray[np.uint8]:
    """float [N, C, H, W] in 0..1 to uint8 [N, H, W, C], rounded and clipped."""
    scaled = images.detach().float().clamp(0, 1).mul(255).round()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


class _Rows:
    """Rows of an array by index: on the device when all of them fit there, else where they lie.

    The array may be a map of a file, also a read-only one; only the rows of a batch are copied then.
    """

    # A set that fits is kept on the GPU; larger ones are gathered in main memory.
    _DEVICE_LIMIT = 2 << 30
    _CHUNK = 1 << 26  # bytes on the way to the device at a time

    def __init__(self, array: NDArray[np.generic], device: torch.device) -> None:
        self._array = array
        self._tensor: torch.Tensor | None = None
        if device.type != "cpu" and array.nbytes <= self._DEVICE_LIMIT:
            self._tensor = self._moved(device)
        elif array.flags.writeable:
            self._tensor = torch.from_numpy(array)

    def take(self, index: torch.Tensor) -> torch.Tensor:
        """Rows by int64 [B] index, copied, in that order."""
        if self._tensor is not None:
            return self._tensor.index_select(0, index.to(self._tensor.device))
        # A tensor cannot share what must not be written, so NumPy gathers; in the order of the file, because a
        # disk then reads forward only.
        ordered, order = index.sort()
        rows = torch.from_numpy(self._array[ordered.numpy()])
        return torch.empty_like(rows).index_copy_(0, order, rows)

    def _moved(self, device: torch.device) -> torch.Tensor:
        """All of it on the device, piece by piece, so that it is never in main memory twice."""
        if self._array.flags.writeable:
            return torch.from_numpy(self._array).to(device)
        there = torch.empty(self._array.shape, dtype=torch.from_numpy(self._array[:0].copy()).dtype, device=device)
        step = max(1, self._CHUNK * len(there) // max(1, self._array.nbytes))
        for i in range(0, len(there), step):
            there[i : i + step] = torch.from_numpy(self._array[i : i + step].copy())
        return there


class _Stream:
    """An endless, seeded order of rows that can start at any position.

    The order is a pure function of (seed, epoch), so that a position in the stream, one number, is all that
    a checkpoint has to keep. Batches run over the end of an epoch: each has exactly `size` rows.
    """

    def __init__(
        self,
        array: NDArray[np.generic],
        size: int,
        seed: int,
        device: torch.device,
        position: int = 0,
        labels: NDArray[np.int64] | None = None,
    ) -> None:
        self._rows, self._count = _Rows(array, device), len(array)
        self._labels = None if labels is None else _Rows(labels, device)
        self.size, self._seed, self._device = size, seed, device
        self.position = position
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def _next(self, name: str, unit: Callable[[torch.Tensor, torch.device], torch.Tensor]) -> Batch:
        index = self._take(self.size)
        batch = {name: unit(self._rows.take(index), self._device)}
        if self._labels is not None:
            batch["label"] = self._labels.take(index).to(self._device)
        return batch

    def _take(self, count: int) -> torch.Tensor:
        parts: list[torch.Tensor] = []
        while count:
            epoch, offset = divmod(self.position, self._count)
            part = self._permutation(epoch)[offset : offset + count]
            parts.append(part)
            self.position += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            # PCG64 seeded by both numbers: neighbouring seeds and epochs give unrelated orders.
            order = np.random.default_rng([self._seed, epoch]).permutation(self._count)
            self._epoch, self._order = epoch, torch.from_numpy(order)
        return self._order


class ImageBatches(_Stream):
    """An endless, seeded stream of shuffled batches of pictures that can start at any position.

    Parameters
    ----------
    images : uint8 [N, H, W, C]
        In memory or mapped from a file, writable or not.
    size : int
        Pictures in a batch; an attribute that may be changed.
    position : int
        Pictures drawn so far; an attribute as well.
    labels : int64 [N] or None
    """

    def next(self) -> Batch:
        """The next: {"image": float32 [size, C, H, W] in 0..1}, and {"label": int64 [size]} if there are any."""
        return self._next("image", to_unit)


class PointBatches(_Stream):
    """The same stream of 2-D points, in the same order as `ImageBatches` of equal seed and count.

    Parameters
    ----------
    points : float32 [N, 2]
    size : int
        Points in a batch; an attribute that may be changed.
    position : int
        Points drawn so far; an attribute as well.
    labels : int64 [N] or None
    """

    def next(self) -> Batch:
        """The next batch: {"point": float32 [size, 2]}, with {"label": int64 [size]} if there are any."""
        return self._next("point", torch.Tensor.to)


def batches_of(
    data: Dataset, size: int, seed: int, device: torch.device, position: int = 0
) -> ImageBatches | PointBatches:
    """Batches of a data set's pictures, else of its points, with its labels."""
    kind = ImageBatches if len(data.images) else PointBatches
    array = data.images if len(data.images) else data.points
    assert array is not None, "the data has neither pictures nor points"
    return kind(array, size, seed, device, position, data.labels)
