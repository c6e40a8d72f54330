"""Points in the plane, in clusters that a model may miss: each one is counted, so that missing modes are seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.data.dataset import Dataset

COUNT = 10_000
# L. Metz et al., "Unrolled generative adversarial networks", ICLR 2017, appendix A.
RING_MODES, RING_RADIUS, RING_DEVIATION = 8, 2.0, 0.02
# Z. Lin et al., "PacGAN: The power of two samples in generative adversarial networks", NeurIPS 2018, section 4.1.
GRID_SIDE, GRID_SPACING, GRID_DEVIATION = 5, 2.0, 0.05


def load() -> Dataset:
    """10,000 points around 8 places on a circle of radius 2, equally many around each; the label is the place."""
    angles = np.arange(RING_MODES) * (360 / RING_MODES)
    names = tuple(f"{angle:.0f}°" for angle in angles)
    return _clusters("rings", ring_centres(), RING_DEVIATION, names, 20_240_608)


def load_grid() -> Dataset:
    """10,000 points around 5 x 5 places, 2 apart, from -4 to 4; the label is the place."""
    centres = grid_centres()
    names = tuple(f"{x:.0f}, {y:.0f}" for x, y in centres)
    return _clusters("grid", centres, GRID_DEVIATION, names, 20_240_609)


def ring_centres() -> NDArray[np.float64]:
    """[8, 2], counter-clockwise from the right."""
    angles = np.arange(RING_MODES) * (2 * np.pi / RING_MODES)
    return RING_RADIUS * np.stack([np.cos(angles), np.sin(angles)], 1)


def grid_centres() -> NDArray[np.float64]:
    """[25, 2], column by column."""
    line = GRID_SPACING * (np.arange(GRID_SIDE, dtype=np.float64) - (GRID_SIDE - 1) / 2)
    return np.stack(np.meshgrid(line, line, indexing="ij"), -1).reshape(-1, 2)


def _clusters(
    name: str, centres: NDArray[np.float64], deviation: float, mode_names: tuple[str, ...], seed: int
) -> Dataset:
    rng = np.random.default_rng(seed)
    modes = (rng.permutation(COUNT) % len(centres)).astype(np.int64)
    points = centres[modes] + deviation * rng.standard_normal((COUNT, 2))
    return Dataset(
        source=name,
        name=name,
        labels=modes,
        label_names=mode_names,
        points=points.astype(np.float32),
        names=[f"{mode_names[mode]} #{i}" for i, mode in enumerate(modes.tolist())],
    )
