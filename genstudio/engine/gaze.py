"""Where a critic looks: its score of real and drawn pictures, and the pixels that would change it most."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.events import Gallery
from genstudio.data.batches import to_bytes
from genstudio.engine.field import probability, slope
from genstudio.models.base import Critic

#: Stops of the heat map, from no influence to the most: black, violet, red, orange, yellow (as in "inferno").
_HEAT = np.array([[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]], np.float32)
_TOP = 0.99  # quantile of the influence that is drawn brightest: one hot pixel must not hide the rest
_PICTURE = 0.35  # how much of the picture shines through where nothing matters


@torch.no_grad()
def gaze(
    model: Critic,
    real: Tensor,
    drawn: Tensor,
    labels: tuple[Tensor, Tensor] | None = None,
    step: int = 0,
    weights: str = "current weights",
) -> Gallery:
    """Heat maps of a critic over real pictures, then over drawn ones, each with its score.

    Parameters
    ----------
    real, drawn : float32 [K, C, H, W] in 0..1
    labels : two of int64 [K], or None
        Of the real and of the drawn pictures, for a conditional critic.

    Returns
    -------
    Gallery
        Slot "critic": `inputs` are the pictures, `images` the sizes of the gradient of the score by each pixel,
        `notes` the scores: "real 97 %".
    """
    both = torch.cat([real, drawn])
    classes = None if labels is None else torch.cat(labels)
    scores = model.critic(both, classes).float()
    split = [len(real), len(drawn)]
    values, meaning = probability(model, scores, *scores.split(split))
    gradient = slope(model, both, classes)
    pictures = _coloured(to_bytes(both))
    kinds = ["real"] * len(real) + ["drawn"] * len(drawn)
    notes = tuple(f"{kind} {100 * value:.0f} %" for kind, value in zip(kinds, values.tolist(), strict=True))
    caption = f"{meaning}; bright pixels would change it most · {weights}"
    return Gallery("critic", step, heat(gradient, pictures), pictures, caption, notes)


def heat(gradient: Tensor, pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The sizes of a gradient [N, C, H, W] as colours over pictures [N, H, W, 3]: uint8 [N, H, W, 3].

    Each picture has a scale of its own, up to its 99th percentile; numbers that are not finite count as none.
    """
    size = gradient.abs().sum(1).nan_to_num(0, 0, 0).cpu().numpy()
    top = np.quantile(size.reshape(len(size), -1), _TOP, axis=1) if len(size) else np.zeros(0)
    share = np.clip(size / np.maximum(top, 1e-30)[:, None, None], 0, 1)
    place = share * (len(_HEAT) - 1)
    below = np.minimum(place.astype(np.int64), len(_HEAT) - 2)
    part = (place - below)[..., None]
    colour = (1 - part) * _HEAT[below] + part * _HEAT[below + 1]
    grey = pictures.mean(3, keepdims=True)
    return np.clip(colour + _PICTURE * (1 - share[..., None]) * grey, 0, 255).astype(np.uint8)


def _coloured(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Grey pictures as RGB: [N, H, W, 3]."""
    return pictures if pictures.shape[3] == 3 else pictures.repeat(3, axis=3)
