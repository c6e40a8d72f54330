"""Differentiable augmentation: what the critic sees of real and of drawn pictures alike (Zhao et al. 2020).

It must be differentiable, because the generator learns through it, and must be applied to both kinds, or the
generator would learn to draw augmented pictures.
"""

from __future__ import annotations

import torch
from torch import Tensor

# at full strength, as in Zhao et al. 2020, section 3.2 and their code's defaults
_BRIGHTNESS, _SATURATION, _CONTRAST = 0.5, 1.0, 0.5
_SHIFT, _CUTOUT = 1 / 8, 1 / 2  # of the side


def diffaug(pictures: Tensor, strength: float, rng: torch.Generator) -> Tensor:
    """Change colour, move and cut out, each picture by numbers of its own.

    Parameters
    ----------
    pictures : float [N, C, H, W]
        Around 0 (−1..1); uncovered and cut-out places become 0.
    strength : float, 0..1
        0 returns the pictures themselves. At 1: brightness ± 0.5, saturation times 0..2, contrast times
        0.5..1.5, shifts of up to an eighth of the side, a hole of half the side.
    rng : torch.Generator
        On the device of the pictures; seven numbers a picture are drawn whatever the strength above 0 is.
    """
    if strength <= 0:
        return pictures
    numbers = torch.rand(7, len(pictures), generator=rng, device=pictures.device)
    coloured = colour(pictures, strength, numbers[:3])
    return cut_out(translate(coloured, strength, numbers[3:5]), strength, numbers[5:])


def colour(pictures: Tensor, strength: float, numbers: Tensor) -> Tensor:
    """Brightness, saturation and contrast by `numbers` in 0..1, float [3, N]; 0.5 changes nothing."""
    brightness, saturation, contrast = ((2 * numbers - 1) * strength)[..., None, None, None]
    pictures = pictures + _BRIGHTNESS * brightness
    if pictures.shape[1] > 1:
        grey = pictures.mean(1, keepdim=True)
        pictures = torch.lerp(grey, pictures, 1 + _SATURATION * saturation)
    mean = pictures.mean((1, 2, 3), keepdim=True)
    return torch.lerp(mean, pictures, 1 + _CONTRAST * contrast)


def translate(pictures: Tensor, strength: float, numbers: Tensor) -> Tensor:
    """Move by whole pixels, up to `strength` eighths of each side, by `numbers` in 0..1, float [2, N]."""
    n, _, height, width = pictures.shape
    rows = _shifted(height, strength, numbers[0])
    columns = _shifted(width, strength, numbers[1])
    # one row and column of zeros, which is where indices outside end
    padded = torch.nn.functional.pad(pictures, (0, 1, 0, 1))
    item = torch.arange(n, device=pictures.device)[:, None, None]
    moved = padded.permute(0, 2, 3, 1)[item, rows[:, :, None], columns[:, None, :]]
    return moved.permute(0, 3, 1, 2)


def cut_out(pictures: Tensor, strength: float, numbers: Tensor) -> Tensor:
    """Set a rectangle of `strength` halves of each side to 0, its centre given by `numbers` in 0..1, float [2, N]."""
    _, _, height, width = pictures.shape
    rows = _hole(height, strength, numbers[0])
    columns = _hole(width, strength, numbers[1])
    keep = ~(rows[:, None, :, None] & columns[:, None, None, :])
    return pictures * keep


def _shifted(side: int, strength: float, numbers: Tensor) -> Tensor:
    """Which row (or column) goes where, int64 [N, side]; `side` itself stands for one from outside."""
    most = int(side * _SHIFT * strength + 0.5)
    shift = (numbers * (2 * most + 1)).long() - most
    source = torch.arange(side, device=numbers.device) - shift[:, None]
    return torch.where((source >= 0) & (source < side), source, side)


def _hole(side: int, strength: float, numbers: Tensor) -> Tensor:
    """Which rows (or columns) are cut out, bool [N, side]."""
    size = int(side * _CUTOUT * strength + 0.5)
    start = (numbers * (side + 1 - size % 2)).long() - size // 2
    place = torch.arange(side, device=numbers.device) - start[:, None]
    return (place >= 0) & (place < size)
