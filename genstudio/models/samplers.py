"""How a velocity is followed from noise to data: Euler and Heun, pure functions over a velocity function.

The path is the one of rectified flow, x(t) = (1 − t) · noise + t · data, so t = 0 is noise and t = 1 is data.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

#: (x [N, ...], t float32 [N] in 0..1) -> dx/dt [N, ...]
Velocity = Callable[[Tensor, Tensor], Tensor]
Integrate = Callable[[Velocity, Tensor, Tensor], Tensor]


def time_grid(steps: int, device: torch.device | None = None) -> Tensor:
    """`steps` + 1 equally spaced times from 0 to 1, float32; flipped, they lead from data to noise."""
    return torch.linspace(0, 1, steps + 1, device=device)


def euler(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """Follow `velocity` through `times` by straight steps; the error falls with the step size.

    Parameters
    ----------
    velocity : Velocity
    x : [N, ...]
        Where to start, at times[0].
    times : [K + 1]
        Rising or falling.

    Returns
    -------
    [N, ...] at times[K], after K evaluations.
    """
    for now, after in pairwise(times):
        x = x + (after - now) * velocity(x, now.expand(len(x)))
    return x


def heun(velocity: Velocity, x: Tensor, times: Tensor) -> Tensor:
    """Follow `velocity` through `times` by the mean of the slopes at both ends of each step.

    The error falls with the square of the step size. The last step is Euler's, as in Karras et al. 2022,
    algorithm 1: the order stays, and the network is not asked about the very end, which it has hardly seen.
    Parameters and result are those of `euler`; 2 K − 1 evaluations.
    """
    for now, after in pairwise(times[:-1]):
        slope = velocity(x, now.expand(len(x)))
        ahead = velocity(x + (after - now) * slope, after.expand(len(x)))
        x = x + (after - now) * (slope + ahead) / 2
    return euler(velocity, x, times[-2:])


def guided(labelled: Velocity, unlabelled: Velocity, weight: float) -> Velocity:
    """Velocity with class guidance: v(none) + weight · (v(label) − v(none)) (Ho & Salimans 2022, eq. 6, 1 + w).

    A weight of 1 is the plain conditional velocity, at half the cost; more exaggerates what tells a class.
    """
    if weight == 1:
        return labelled

    def velocity(x: Tensor, t: Tensor) -> Tensor:
        plain = unlabelled(x, t)
        return plain + weight * (labelled(x, t) - plain)

    return velocity
