"""Labels as numbers that a network can add or take in."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class Labels(nn.Module):
    """A row of numbers for each label, and a last one for “no label”.

    Parameters
    ----------
    classes : int
        Labels that there are.
    size : int
        Numbers in a row.
    spread : float
        Standard deviation of the rows at the start; 0 begins without any difference between labels.
    """

    def __init__(self, classes: int, size: int, spread: float = 1.0) -> None:
        super().__init__()
        self.classes = classes
        self.rows = nn.Embedding(classes + 1, size)
        with torch.no_grad():
            self.rows.weight.mul_(spread)

    def forward(self, labels: Tensor | None, count: int) -> Tensor:
        """Rows float32 [count, size] for int64 [count]; -1, or None for all of them, is “no label”."""
        if labels is None:
            return self.rows.weight[-1].expand(count, -1)
        return self.rows(labels.where(labels >= 0, self.classes))
