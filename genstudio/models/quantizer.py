"""A codebook that codes are rounded to (van den Oord et al. 2017), and how codes are spread over places."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from genstudio.models.base import Context

_DECAY = 0.99
_DEAD = 0.1  # of the mean use: an entry used less is moved to where there are codes
_GRACE = 1.3  # times that limit is what a moved entry begins with: about 26 batches to prove itself


class Quantizer(nn.Module):
    """K vectors that follow the codes nearest to them, by moving averages instead of gradients.

    It begins with codes of the first batch. An entry that is hardly used later is moved to a random code of the
    batch, so that a codebook cannot collapse for good; one mechanism does both (Dhariwal et al. 2020, section 3.1).

    Parameters
    ----------
    entries : int
        Vectors in the codebook.
    size : int
        Numbers in each.
    """

    def __init__(self, entries: int, size: int) -> None:
        super().__init__()
        self.codebook: Tensor
        self.counts: Tensor
        self.sums: Tensor
        self.register_buffer("codebook", torch.randn(entries, size))
        self.register_buffer("counts", torch.zeros(entries))
        self.register_buffer("sums", torch.zeros(entries, size))

    def nearest(self, codes: Tensor) -> Tensor:
        """The entry nearest to each of codes float32 [M, size]: int64 [M]."""
        return (self.codebook.square().sum(1) - 2 * codes @ self.codebook.T).argmin(1)

    def forward(self, codes: Tensor) -> Tensor:
        """Codes float32 [N, places · size] rounded to entries, place by place."""
        rows = codes.reshape(-1, self.codebook.shape[1])
        return self.codebook[self.nearest(rows)].view_as(codes)

    def learn(self, codes: Tensor, context: Context) -> tuple[Tensor, Tensor, Tensor]:
        """Round codes and move the codebook towards them.

        A batch that is not finite moves nothing; this is decided on the device.

        Parameters
        ----------
        codes : float32 [N, places · size]

        Returns
        -------
        rounded : float32 [N, places · size]
            Entries, with the gradient of `codes` (straight through).
        commitment : scalar
            Squared distance of the codes to their entries, summed over an item, mean over the batch.
        perplexity : scalar
            exp of the entropy of what this batch used: how many entries are in use.
        """
        rows = codes.reshape(-1, self.codebook.shape[1])
        finite = rows.detach().square().sum().isfinite()
        self._revive(rows.detach(), finite, context)
        index = self.nearest(rows.detach())
        entries = self.codebook[index].view_as(codes)
        used = torch.zeros_like(self.counts).index_add_(0, index, torch.ones_like(rows[:, 0]))
        self._follow(rows.detach(), index, used, finite)
        share = used / len(rows)
        perplexity = (-(share * share.clamp_min(1e-10).log()).sum()).exp()
        commitment = (codes - entries).square().sum() / len(codes)
        return codes + (entries - codes).detach(), commitment, perplexity

    @torch.no_grad()
    def _revive(self, rows: Tensor, finite: Tensor, context: Context) -> None:
        entries, count = len(self.codebook), len(rows)
        limit = _DEAD * count / entries
        order = context.uniform(count).argsort()
        chosen = rows[order[torch.arange(entries, device=rows.device) % count]]
        moved = ((self.counts < limit) & finite)[:, None]
        self.codebook.copy_(torch.where(moved, chosen, self.codebook))
        self.sums.copy_(torch.where(moved, chosen * (_GRACE * limit), self.sums))
        self.counts.copy_(torch.where(moved[:, 0], _GRACE * limit, self.counts))

    @torch.no_grad()
    def _follow(self, rows: Tensor, index: Tensor, used: Tensor, finite: Tensor) -> None:
        sums = torch.zeros_like(self.sums).index_add_(0, index, rows)
        weight = torch.where(finite, 1 - _DECAY, 0.0)
        self.counts.lerp_(torch.where(finite, used, self.counts), weight)
        self.sums.lerp_(torch.where(finite, sums, self.sums), weight)
        moved = self.sums / self.counts.clamp_min(1e-6)[:, None]
        self.codebook.copy_(torch.where(finite, moved, self.codebook))


class PlaceNormal(nn.Module):
    """A matrix normal distribution that follows codes of several places (Dawid 1981).

    Places and numbers within a place vary by a covariance each, whose product is that of the whole code: small
    enough for any picture, and neighbouring places still fit together.
    """

    def __init__(self, places: int, size: int) -> None:
        super().__init__()
        self.mean: Tensor
        self.across: Tensor
        self.within: Tensor
        self.seen: Tensor
        self.register_buffer("mean", torch.zeros(places, size))
        self.register_buffer("across", torch.eye(places))
        self.register_buffer("within", torch.eye(size))
        self.register_buffer("seen", torch.zeros(()))

    @torch.no_grad()
    def observe(self, codes: Tensor) -> None:
        """Move towards the moments of codes [N, places · size]; short memory first, then 1,000 batches."""
        rows = codes.detach().view(-1, *self.mean.shape)
        keep = ((1 + self.seen) / (10 + self.seen)).clamp_max(0.999)
        mean = rows.mean(0).lerp(self.mean, keep)
        off = rows - mean
        across = torch.einsum("npi,nqi->pq", off, off).div(len(rows) * mean.shape[1]).lerp(self.across, keep)
        within = torch.einsum("npi,npj->ij", off, off).div(len(rows) * mean.shape[0]).lerp(self.within, keep)
        finite = mean.isfinite().all() & across.isfinite().all() & within.isfinite().all()
        for mine, new in ((self.mean, mean), (self.across, across), (self.within, within)):
            mine.copy_(torch.where(finite, new, mine))
        self.seen.add_(finite)

    def draw(self, noise: Tensor) -> Tensor:
        """Standard normal noise [N, places · size] to codes of the same shape."""
        scale = self.within.diagonal().mean().clamp_min(1e-12).rsqrt()  # both covariances hold the overall variance
        off = symmetric_root(self.across) @ noise.view(-1, *self.mean.shape) @ symmetric_root(self.within)
        return (self.mean + scale * off).flatten(1)


def symmetric_root(covariance: Tensor) -> Tensor:
    """The symmetric square root of a covariance [D, D]; unlike Cholesky's factor it exists for dead dimensions."""
    values, vectors = torch.linalg.eigh(covariance)
    return (vectors * values.clamp_min(0).sqrt()) @ vectors.T
