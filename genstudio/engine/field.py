"""What a model of 2-D points does at one step: where its samples lie, how they are judged, where they are drawn to.

Cheap enough to be looked at many times a second. All of it is asked of a snapshot and of noise of its own.
"""

from __future__ import annotations

import functools

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.events import Field
from genstudio.models.adversarial import COMPARING
from genstudio.models.base import Critic, GenerativeModel, Samples
from genstudio.models.capabilities import Velocity

Floats = NDArray[np.float32]

#: Points of the data that are shown, samples that are followed, further samples that the density is taken of.
REAL, SAMPLES, MORE = 1_000, 512, 2_048
SIDE = 64  # cells of the surface, both ways
ARROWS = 17  # arrows of a velocity, both ways
_SMOOTHED = 1.25  # cells: standard deviation of the kernel that makes a density of samples
_HALFWAY = 0.5
_ROOM = 1.15  # the view reaches beyond the outermost point by this factor


def view_of(points: Floats) -> tuple[tuple[float, float], float]:
    """Centre and extent of a square that holds `points` [N, 2] with some room."""
    low, high = points.min(0).astype(float), points.max(0).astype(float)
    centre = (low + high) / 2
    reach = float((high - low).max()) / 2 * _ROOM
    near_zero = np.abs(centre) < 0.05 * reach
    centre[near_zero] = 0.0  # data around the origin has the origin in the middle
    return (float(centre[0]), float(centre[1])), _rounded_up(reach or 1.0)


def _rounded_up(reach: float) -> float:
    """To two digits, so that the axes of equal data are equal whichever points were picked."""
    digits = 1 - int(np.floor(np.log10(reach)))
    return round(float(np.ceil(reach * 10.0**digits - 1e-9)) / 10.0**digits, max(0, digits))


@torch.no_grad()
def field(
    model: GenerativeModel,
    real: Floats,
    noise: Tensor,
    extent: float,
    centre: tuple[float, float] = (0.0, 0.0),
    step: int = 0,
    caption: str = "",
) -> Field | None:
    """Ask a model of points for everything that can be drawn of it.

    Parameters
    ----------
    model : GenerativeModel
        A snapshot of it, which nobody trains meanwhile.
    real : float32 [N, 2]
        Points of the data to show beside the samples.
    noise : float32 [M, latent_dim]
        On the model's device. The first 512 rows give the samples that are shown; all of them the density.
    extent, centre : float, (float, float)
        The surface covers the square centre ± extent.

    Returns
    -------
    Field or None
        None for a model that cannot draw samples. The surface is the critic's view where there is one, else the
        density of the samples; arrows are the critic's gradient at the samples, or a flow's velocity halfway.
    """
    if not isinstance(model, Samples):
        return None
    follows = isinstance(model, Velocity)
    if follows or isinstance(model, Critic):  # a flow takes long to draw, and the critic's view needs no more
        noise = noise[:SAMPLES]
    drawn = model.sample(noise, model.label_row(len(noise))).float()
    seen = drawn[:SAMPLES]
    arrows = starts = None
    if isinstance(model, Critic):
        surface, name = _judged(model, torch.from_numpy(real).to(noise.device), seen, extent, centre)
        arrows = _array(slope(model, seen))
    else:
        surface, name = density(_array(drawn), extent, centre), "density of samples"
        if isinstance(model, Velocity):
            places = lattice(ARROWS, extent, centre).to(noise.device)
            arrows, starts = _array(model.velocity(places, noise.new_full((1,), _HALFWAY))), _array(places)
    return Field(step, real, _array(seen), arrows, surface, name, extent, caption, centre=centre, arrow_starts=starts)


def lattice(side: int, extent: float, centre: tuple[float, float]) -> Tensor:
    """Middles of side x side cells that tile the square: float32 [side², 2], rows from the lowest y up."""
    line = (torch.arange(side, dtype=torch.float32) + 0.5) * (2 * extent / side) - extent
    y, x = torch.meshgrid(line + centre[1], line + centre[0], indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], 1)


# --- the critic ------------------------------------------------------------------------------------------


def probability(model: Critic, scores: Tensor, real: Tensor, drawn: Tensor) -> tuple[Tensor, str]:
    """Scores squashed to 0..1, and what that means.

    The logistic function of a logit is the critic's probability of "real". Losses that only compare scores leave
    their zero open: there it is put in the middle between the mean score of real and that of drawn items.

    Parameters
    ----------
    scores : float [N]
    real, drawn : float [K]
        Scores of some real and of some drawn items.
    """
    loss = getattr(getattr(model, "config", None), "loss", "non-saturating")
    if loss in COMPARING:
        middle = (real.mean() + drawn.mean()) / 2
        return torch.sigmoid(scores - middle), "critic: more real (1) or more drawn (0) than the average"
    if loss == "non-saturating":
        return torch.sigmoid(scores), "critic: probability of real"
    return torch.sigmoid(scores), "critic: squashed score, 1 is real"


def _judged(
    model: Critic, real: Tensor, drawn: Tensor, extent: float, centre: tuple[float, float]
) -> tuple[Floats, str]:
    """The critic's view of the square: float32 [SIDE, SIDE] in 0..1."""
    places = lattice(SIDE, extent, centre).to(drawn.device)
    scores = model.critic(torch.cat([places, real, drawn])).float()
    on_grid, on_real, on_drawn = scores.split([len(places), len(real), len(drawn)])
    values, name = probability(model, on_grid, on_real, on_drawn)
    return _array(values).reshape(SIDE, SIDE), name


def slope(model: Critic, items: Tensor, labels: Tensor | None = None) -> Tensor:
    """Gradient of the critic's scores by the items [N, ...]: where each of them looks more real.

    Nothing of the model is changed: no gradient is kept in its weights.
    """
    with torch.enable_grad():
        items = items.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(model.critic(items, labels).float().sum(), items)
    return gradient.detach().float()


# --- the density -----------------------------------------------------------------------------------------


def density(points: Floats, extent: float, centre: tuple[float, float] = (0.0, 0.0)) -> Floats:
    """Share of the points [N, 2] per unit of area on a 64 x 64 grid, by a normal kernel: float32 [64, 64].

    Points outside the square count as drawn but are not shown, so the sum over the area may stay below 1.
    """
    width = 2 * extent / SIDE
    with np.errstate(invalid="ignore", over="ignore"):
        cells = np.floor((points - np.asarray(centre, np.float32) + extent) / width)
        inside = ((cells >= 0) & (cells < SIDE)).all(1)  # False for what is not finite
    column, row = cells[inside].astype(np.int64).T
    counts = np.bincount(row * SIDE + column, minlength=SIDE * SIDE).reshape(SIDE, SIDE)
    kernel = _kernel()
    smooth = kernel @ counts.astype(np.float32) @ kernel.T
    return (smooth / max(1, len(points)) / width**2).astype(np.float32)


@functools.cache
def _kernel() -> Floats:
    """A normal kernel as a matrix [SIDE, SIDE] whose columns sum to 1: nothing is lost at the borders."""
    offset = np.arange(SIDE)[:, None] - np.arange(SIDE)[None, :]
    weights = np.exp(-0.5 * (offset / _SMOOTHED) ** 2)
    return (weights / weights.sum(0)).astype(np.float32)


def _array(values: Tensor) -> Floats:
    return values.detach().float().cpu().numpy()
