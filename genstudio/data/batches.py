"""Batches: uint8 rows gathered by index, normalised on the device. No loop over samples, no copy of the set."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray

Batch = dict[str, torch.Tensor]


def to_unit(rows: torch.Tensor, device: torch.device) -> torch.Tensor:
    """uint8 [N, H, W, C] to float32 [N, C, H, W] in 0..1 on `device`, channels last in memory."""
    return rows.to(device).permute(0, 3, 1, 2).to(torch.float32).div_(255.0)


def to_bytes(images: torch.Tensor) -> NDArray[np.uint8]:
    """float [N, C, H, W] in 0..1 to uint8 [N, H, W, C], rounded and clipped."""
    scaled = images.detach().float().clamp(0, 1).mul(255).round()
    return scaled.to(torch.uint8).permute(0, 2, 3, 1).contiguous().cpu().numpy()


class ImageBatches:
    """An endless, seeded stream of shuffled batches that can start at any position.

    The order is a pure function of (seed, epoch), so that a position in the stream, one number, is all that
    a checkpoint has to keep. Batches run over the end of an epoch: each has exactly `size` pictures.

    Parameters
    ----------
    images : uint8 [N, H, W, C]
    size : int
        Pictures in a batch.
    position : int
        Pictures drawn so far.
    """

    # A set that fits is kept on the GPU; larger ones are gathered in main memory.
    _DEVICE_LIMIT = 2 << 30

    def __init__(
        self, images: NDArray[np.uint8], size: int, seed: int, device: torch.device, position: int = 0
    ) -> None:
        rows = torch.from_numpy(images)
        self._rows = rows.to(device) if device.type != "cpu" and rows.nbytes <= self._DEVICE_LIMIT else rows
        self._size, self._seed, self._device = size, seed, device
        self.position = position
        self._epoch, self._order = -1, torch.empty(0, dtype=torch.int64)

    def next(self) -> Batch:
        """The next batch: {"image": float32 [size, C, H, W] in 0..1}."""
        index = self._take(self._size)
        rows = self._rows.index_select(0, index.to(self._rows.device))
        return {"image": to_unit(rows, self._device)}

    def _take(self, count: int) -> torch.Tensor:
        parts: list[torch.Tensor] = []
        while count:
            epoch, offset = divmod(self.position, len(self._rows))
            part = self._permutation(epoch)[offset : offset + count]
            parts.append(part)
            self.position += len(part)
            count -= len(part)
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _permutation(self, epoch: int) -> torch.Tensor:
        if epoch != self._epoch:
            # PCG64 seeded by both numbers: neighbouring seeds and epochs give unrelated orders.
            order = np.random.default_rng([self._seed, epoch]).permutation(len(self._rows))
            self._epoch, self._order = epoch, torch.from_numpy(order)
        return self._order
