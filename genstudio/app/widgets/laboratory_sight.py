"""Which part of the plane is in sight, and where its points are on the screen. Knows nothing of Qt."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

_NEAREST, _FARTHEST = 1e-3, 1e3  # how far zooming goes, as parts of what was in sight at first
_TICKS = 9  # about so many along the longer side


@dataclass(frozen=True, slots=True)
class Sight:
    """A view of the plane with one scale both ways, y upwards.

    Attributes
    ----------
    x, y : float
        What is in the middle.
    reach : float
        What is in sight at least, to each side of the middle.
    width, height : float
        Pixels of the view.
    """

    x: float = 0.0
    y: float = 0.0
    reach: float = 4.0
    width: float = 100.0
    height: float = 100.0

    @property
    def scale(self) -> float:
        """Pixels per unit."""
        return max(1.0, min(self.width, self.height)) / (2 * self.reach)

    def placed(self, points: NDArray[np.float32]) -> NDArray[np.float64]:
        """Pixels [N, 2] of points [N, 2]; what is not finite is far outside."""
        offset = np.nan_to_num(points.astype(float), nan=1e9, posinf=1e9, neginf=-1e9) - (self.x, self.y)
        far = 1e6 / self.scale  # painters draw nonsense for coordinates of many digits
        offset = np.clip(offset, -far, far) * self.scale
        return np.stack([self.width / 2 + offset[:, 0], self.height / 2 - offset[:, 1]], axis=1)

    def point(self, px: float, py: float) -> tuple[float, float]:
        """The point under a pixel."""
        return self.x + (px - self.width / 2) / self.scale, self.y - (py - self.height / 2) / self.scale

    def moved(self, dx: float, dy: float) -> Sight:
        """What was drawn moves by so many pixels."""
        return replace(self, x=self.x - dx / self.scale, y=self.y + dy / self.scale)

    def zoomed(self, factor: float, px: float, py: float, usual: float) -> Sight:
        """Show `factor` times as much; the point under the pixel stays where it is."""
        reach = min(max(self.reach * factor, usual * _NEAREST), usual * _FARTHEST)
        kept = self.point(px, py)
        after = replace(self, reach=reach)
        x, y = after.point(px, py)
        return replace(after, x=after.x + kept[0] - x, y=after.y + kept[1] - y)

    def ticks(self) -> tuple[list[float], list[float]]:
        """Round numbers that are in sight, along x and along y, equally far apart both ways."""
        rough = max(self.width, self.height) / self.scale / _TICKS
        unit = 10.0 ** np.floor(np.log10(rough))
        step = unit * next(n for n in (1, 2, 5, 10) if n * unit >= rough * 0.999)
        halves = (self.width / self.scale / 2, self.height / self.scale / 2)
        lines = []
        for middle, half in zip((self.x, self.y), halves, strict=True):
            first, last = np.ceil((middle - half) / step), np.floor((middle + half) / step)
            lines.append([float(n * step) for n in np.arange(first, last + 1)])
        return lines[0], lines[1]
