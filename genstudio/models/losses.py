"""Loss terms in nats, summed over what one item has and averaged over the batch."""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

# exp(8) and exp(-12) bound the variance: beyond them float32 sums overflow or vanish.
LOG_VAR_RANGE = (-12.0, 8.0)
_LEAST_VARIANCE = 1e-8  # keeps the logarithm of a perfect fit finite


def bernoulli_nll(logits: Tensor, target: Tensor) -> Tensor:
    """Cross-entropy of pixels taken as probabilities, nats per picture.

    Parameters
    ----------
    logits : float [N, C, H, W]
    target : float [N, C, H, W] in 0..1

    Returns
    -------
    scalar float32, Σ over pixels, mean over N. For grey targets strictly inside (0, 1) this is the usual
    surrogate, not a normalised likelihood (Loaiza-Ganem & Cunningham 2019).
    """
    return F.binary_cross_entropy_with_logits(logits.float(), target, reduction="sum") / len(target)


def squared_error(output: Tensor, target: Tensor) -> Tensor:
    """Squared error summed over pixels, mean over the batch: scalar float32."""
    return F.mse_loss(output.float(), target, reduction="sum") / len(target)


def normal_nll(output: Tensor, target: Tensor) -> Tensor:
    """−log of a normal density whose variance is the best one for this batch: ½ D (log(2π · MSE) + 1).

    Rybkin et al. 2021 (optimal σ-VAE): the noise level need not be chosen, and errors weigh more as they get smaller.

    Returns
    -------
    scalar float32, nats per item; negative once the error is small, as densities may be.
    """
    error = F.mse_loss(output.float(), target)
    return 0.5 * target[0].numel() * ((2 * math.pi * (error + _LEAST_VARIANCE)).log() + 1)


def bernoulli_nll_each(logits: Tensor, target: Tensor) -> Tensor:
    """`bernoulli_nll` of each item: float32 [N]."""
    return F.binary_cross_entropy_with_logits(logits.float(), target, reduction="none").flatten(1).sum(1)


def squared_error_each(output: Tensor, target: Tensor) -> Tensor:
    """Squared error of each item, summed over what it has: float32 [N]."""
    return (output.float() - target).square().flatten(1).sum(1)


def normal_nll_each(output: Tensor, target: Tensor) -> Tensor:
    """`normal_nll` of each item, the variance that of the whole batch: float32 [N], whose mean is `normal_nll`.

    The variance is taken as given; at its best value its gradient is zero in any case.
    """
    error, size = squared_error_each(output, target), target[0].numel()
    variance = error.detach().mean() / size + _LEAST_VARIANCE
    return 0.5 * (error / variance + size * (2 * math.pi * variance).log())


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL( N(mean, exp(log_var)) || N(0, I) ) per dimension, nats, mean over the batch: float32 [D].

    Kingma & Welling 2014, appendix B: ½ (μ² + σ² − 1 − log σ²).
    """
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var).mean(0)


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """z = μ + exp(½ log σ²) · ε, so that gradients reach both heads (Kingma & Welling 2014, eq. 10)."""
    return torch.addcmul(mean, (0.5 * log_var).exp(), noise)


def total_correlation(codes: Tensor, mean: Tensor, log_var: Tensor) -> Tensor:
    """How much the dimensions of the codes tell about each other: KL( q(z) || Π q(z_d) ), nats, scalar.

    Chen et al. 2018, section 3.1 (minibatch weighted sampling): q(z) is the mixture of this batch's posteriors. The
    paper's constant log N, for a data set of N items, has no gradient and is left out.

    Parameters
    ----------
    codes, mean, log_var : float32 [B, D]
        One draw of each posterior, and the posteriors.
    """
    distance = (codes[:, None] - mean).square() * (-log_var).exp()
    log_density = -0.5 * (distance + log_var + math.log(2 * math.pi))  # of code i under posterior j: [B, B, D]
    count = math.log(len(codes))
    together = log_density.sum(2).logsumexp(1) - count
    apart = (log_density.logsumexp(1) - count).sum(1)
    return (together - apart).mean()
