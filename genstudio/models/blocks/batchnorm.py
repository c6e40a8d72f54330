"""Batch normalisation that keeps nothing from training: when drawing, its statistics are measured anew.

The usual running averages belong to weights that are gone, and not at all to an average of weights (EMA). Here the
statistics of a fixed batch of noise are taken with the very weights that draw: "standing statistics" (Brock et al.
2019, appendix B).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Literal

import torch
from torch import Tensor, nn

_EPSILON = 1e-5


class BatchNorm(nn.Module):
    """Zero mean and unit variance over the batch (and over the pixels), then a learnt scale and shift per channel.

    Input [N, C] or [N, C, H, W]. See `Standing` for what happens while drawing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))
        self.mode: Literal["batch", "measure", "fixed"] = "batch"
        self.mean: Tensor | None = None
        self.variance: Tensor | None = None

    def forward(self, x: Tensor) -> Tensor:
        if self.mode == "measure":
            dims = (0, *range(2, x.dim()))
            self.variance, self.mean = torch.var_mean(x.float(), dims, correction=0)
        mean, variance = (self.mean, self.variance) if self.mode == "fixed" else (None, None)
        over_batch = self.mode != "fixed"
        return torch.batch_norm(x, self.weight, self.bias, mean, variance, over_batch, 0.0, _EPSILON, False)


class Standing:
    """Fixed statistics for all `BatchNorm` of a network, measured again whenever its weights have changed."""

    def __init__(self, network: nn.Module) -> None:
        self._norms = [module for module in network.modules() if isinstance(module, BatchNorm)]
        self._weights = list(network.parameters())
        self._known: list[tuple[int, int]] = []

    @contextmanager
    def statistics(self, measure: Callable[[], object]) -> Iterator[None]:
        """Within this the network uses fixed statistics, those of `measure()`, which runs it on a fixed batch."""
        if not self._norms:
            yield
            return
        now = [(w.data_ptr(), w._version) for w in self._weights]
        try:
            if now != self._known:
                self._switch("measure")
                with torch.no_grad():
                    measure()
                self._known = now
            self._switch("fixed")
            yield
        finally:
            self._switch("batch")

    def _switch(self, mode: Literal["batch", "measure", "fixed"]) -> None:
        for norm in self._norms:
            norm.mode = mode
