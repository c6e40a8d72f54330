"""What a critic and a generator minimise, and the penalties that keep the critic smooth.

Scores are logits: the higher, the more real. Losses are means over the batch, float32 scalars.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
from torch import Tensor
from torch.nn import functional as F

AdversarialLoss = Literal["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]

#: Losses that only compare real with drawn scores: adding a number to all scores changes nothing.
COMPARING: frozenset[AdversarialLoss] = frozenset({"wasserstein", "relativistic"})


def critic_loss(loss: AdversarialLoss, real: Tensor, fake: Tensor, smoothing: float = 0.0) -> Tensor:
    """What the critic minimises.

    Parameters
    ----------
    loss : AdversarialLoss
        non-saturating: −log D(x) − log(1 − D(G(z))) (Goodfellow et al. 2014, eq. 1, its negative);
        least-squares: ½ (r − 1)² + ½ (f + 1)² (Mao et al. 2017, eq. 2 with b = 1, a = −1);
        hinge: max(0, 1 − r) + max(0, 1 + f) (Lim & Ye 2017); wasserstein: f − r (Arjovsky et al. 2017);
        relativistic: softplus(f − r) over pairs (Jolicoeur-Martineau 2019, used by Huang et al. 2024, eq. 2).
    real, fake : float [N]
        Scores of real and of drawn items.
    smoothing : float, 0..0.5
        One-sided: real items count as real with probability 1 − smoothing only (Salimans et al. 2016, section 3.4).
        For the losses that have a target for real items: non-saturating and least-squares.
    """
    real, fake = real.float(), fake.float()
    if loss == "non-saturating":
        truth = (
            F.softplus(-real)
            if smoothing == 0
            else (1 - smoothing) * F.softplus(-real) + smoothing * F.softplus(real)
        )
        return truth.mean() + F.softplus(fake).mean()
    if loss == "least-squares":
        # a probability p of being real is the target 2p − 1 on this scale
        return 0.5 * (real - 1 + 2 * smoothing).square().mean() + 0.5 * (fake + 1).square().mean()
    if loss == "hinge":
        return F.relu(1 - real).mean() + F.relu(1 + fake).mean()
    if loss == "wasserstein":
        return fake.mean() - real.mean()
    return F.softplus(fake - real).mean()


def generator_loss(loss: AdversarialLoss, fake: Tensor, real: Tensor | None = None) -> Tensor:
    """What the generator minimises.

    Parameters
    ----------
    loss : AdversarialLoss
        non-saturating: −log D(G(z)), which still has a slope where the critic is sure (Goodfellow et al. 2014,
        section 3); least-squares: ½ (f − 1)²; hinge and wasserstein: −f; relativistic: softplus(r − f).
    fake, real : float [N]
        Scores; `real` is needed by the relativistic loss only.
    """
    fake = fake.float()
    if loss == "non-saturating":
        return F.softplus(-fake).mean()
    if loss == "least-squares":
        return 0.5 * (fake - 1).square().mean()
    if loss == "relativistic":
        assert real is not None, "the relativistic loss compares with real items"
        return F.softplus(real.float() - fake).mean()
    return -fake.mean()


@torch.no_grad()
def sign_accuracy(loss: AdversarialLoss, real: Tensor, fake: Tensor) -> Tensor:
    """Share of items that the critic puts on the right side of 0, or of pairs that it puts in the right order.

    Losses in `COMPARING` give scores no zero, so that there pairs are counted. 0.5 is guessing, 1 a critic that
    is never wrong.
    """
    if loss in COMPARING:
        return (real > fake).float().mean()
    return 0.5 * ((real > 0).float().mean() + (fake < 0).float().mean())


def squared_slope(scores: Tensor, inputs: Tensor) -> Tensor:
    """‖∇ score‖² of each item by its own input, summed over all of its dimensions: float32 [N], differentiable.

    No item may influence another one's score: batch normalisation would.
    """
    (slope,) = torch.autograd.grad(scores.sum(), inputs, create_graph=True)
    return slope.float().flatten(1).square().sum(1)


def slope_penalty(scores: Tensor, inputs: Tensor, real_weight: float, fake_weight: float) -> Tensor:
    """γ₁/2 · E‖∇D(x)‖² + γ₂/2 · E‖∇D(G(z))‖²: R1 and R2 (Mescheder et al. 2018, eq. 9 and 10).

    `scores` [2N] and `inputs` [2N, ...]: the real items first, then as many drawn ones.
    """
    real, fake = squared_slope(scores, inputs).chunk(2)
    return 0.5 * real_weight * real.mean() + 0.5 * fake_weight * fake.mean()


def gradient_penalty(critic: Callable[[Tensor], Tensor], real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E(‖∇D‖ − 1)² between real and drawn items (Gulrajani et al. 2017, eq. 3); λ is left to the caller.

    Parameters
    ----------
    critic : callable
        Inputs [N, ...] to scores [N].
    mix : float [N] in 0..1
        Where between the real (0) and the drawn (1) item to look.
    """
    between = real.lerp(fake, mix.view(-1, *[1] * (real.dim() - 1))).detach().requires_grad_()
    # the root of 0 has no slope: a dead critic would give NaN
    norm = (squared_slope(critic(between), between) + 1e-12).sqrt()
    return (norm - 1).square().mean()
