"""What a model can be asked for. A page or command offers an action where the model has the capability."""

from __future__ import annotations

from typing import Protocol, runtime_checkable

from torch import Tensor


@runtime_checkable
class Samples(Protocol):
    """Draws new items from standard normal noise.

    Labels are int64 [N], -1 for none; only conditional models look at them.
    """

    latent_dim: int

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to pictures [N, C, H, W] in 0..1 or points [N, 2]; the same noise gives the same."""
        ...


@runtime_checkable
class Encodes(Protocol):
    """Turns items into codes."""

    def encode(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 or points [N, 2] to codes [N, latent_dim]; the mean of random codes."""
        ...


@runtime_checkable
class Decodes(Protocol):
    """Turns codes into items."""

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor:
        """Codes [N, latent_dim] to pictures [N, C, H, W] in 0..1 or points [N, 2]."""
        ...


@runtime_checkable
class Prior(Protocol):
    """Codes that are not standard normal themselves: where `Samples` draws them from."""

    def prior(self, noise: Tensor) -> Tensor:
        """Standard normal noise [N, latent_dim] to codes [N, latent_dim] as `decode` is used to."""
        ...


@runtime_checkable
class Posterior(Protocol):
    """Turns items into distributions of codes."""

    def posterior(self, items: Tensor, labels: Tensor | None = None) -> tuple[Tensor, Tensor] | None:
        """Mean and log-variance of normal codes, float32 [N, latent_dim] each; None where codes are not normal.

        Items are pictures [N, C, H, W] in 0..1 or points [N, 2].
        """
        ...


@runtime_checkable
class FirstLayer(Protocol):
    """Draws from noise by a network whose first layer is linear: its directions say what the noise does."""

    def first_map(self) -> Tensor:
        """The weights that noise meets first: float32 [F, latent_dim], without bias and label."""
        ...

    def first_features(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """What noise [N, latent_dim] is behind the first layers, as when drawing: float32 [N, F]."""
        ...


@runtime_checkable
class Critic(Protocol):
    """Tells real items from drawn ones."""

    def critic(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Pictures [N, C, H, W] in 0..1 or points [N, 2] to scores [N]; the higher, the more real."""
        ...


@runtime_checkable
class Velocity(Protocol):
    """Carries noise to data along a path: t = 0 is noise, t = 1 is data."""

    def velocity(self, items: Tensor, t: Tensor, labels: Tensor | None = None) -> Tensor:
        """Where items [N, ...] that are here at t float32 [N] or [1] go, per unit of t, in units of the data."""
        ...
