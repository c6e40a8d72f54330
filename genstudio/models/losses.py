"""Loss terms in nats, summed over what one picture has and averaged over the batch."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

# exp(8) and exp(-12) bound the variance: beyond them float32 sums overflow or vanish.
LOG_VAR_RANGE = (-12.0, 8.0)


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


def kl_to_standard_normal(mean: Tensor, log_var: Tensor) -> Tensor:
    """KL( N(mean, exp(log_var)) || N(0, I) ) per dimension, nats, mean over the batch: float32 [D].

    Kingma & Welling 2014, appendix B: ½ (μ² + σ² − 1 − log σ²).
    """
    return 0.5 * (mean.square() + log_var.exp() - 1.0 - log_var).mean(0)


def reparameterise(mean: Tensor, log_var: Tensor, noise: Tensor) -> Tensor:
    """z = μ + exp(½ log σ²) · ε, so that gradients reach both heads (Kingma & Welling 2014, eq. 10)."""
    return torch.addcmul(mean, (0.5 * log_var).exp(), noise)
