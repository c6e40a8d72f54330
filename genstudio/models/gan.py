"""Generative adversarial networks (Goodfellow et al. 2014): a generator draws, a critic tells drawn from real.

The article writes the generator's aim as min E log D(G(z)); its sign is wrong. Here the generator maximises
E log D(G(z)), the non-saturating form, or what its loss says. In the critic's step drawn items are detached, so
that the generator gets no gradient; in the generator's step nothing is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import ClassVar

import torch
from torch import Tensor, nn

from genstudio.core.events import Curve
from genstudio.data.batches import Batch
from genstudio.models.adversarial import (
    critic_loss,
    generator_loss,
    gradient_penalty,
    sign_accuracy,
    slope_penalty,
)
from genstudio.models.base import Context, Facts, FamilyConfig, GenerativeModel, Objective, Optimizer, Preset, data_of
from genstudio.models.blocks.critic import CriticNetwork
from genstudio.models.blocks.generator import Generator
from genstudio.models.diffaug import diffaug
from genstudio.models.gan_config import GANConfig
from genstudio.models.gan_presets import PRESETS

_UNLABELLED = 0.1  # share of items that a conditional model sees without their label, so that it can draw without


class GAN(GenerativeModel):
    """A generator and a critic, stepped in turn: the critic first, `critic_steps` times, then the generator.

    Pictures are scaled to −1..1 and points standardised on the way in. The generator learns from the very items
    that the critic has just seen: they are drawn once.
    """

    Config: ClassVar[type[FamilyConfig]] = GANConfig
    config: GANConfig
    sampling: ClassVar[str] = "drawn by the generator from standard normal noise"
    presets: ClassVar[Mapping[str, Preset]] = PRESETS
    curves: ClassVar[tuple[Curve, ...]] = (
        Curve("critic_loss", "critic's loss", "per item"),
        Curve("generator_loss", "generator's loss", "per item"),
        Curve("score_real", "mean score of real items", "logit"),
        Curve("score_fake", "mean score of drawn items", "logit"),
        Curve("accuracy", "critic's accuracy", "share"),
        Curve("penalty", "penalty on the critic's slope", "per item"),
        Curve("gradient_norm_critic", "critic's gradient norm", "norm"),
        Curve("gradient_norm_generator", "generator's gradient norm", "norm"),
    )

    def __init__(self, config: GANConfig, facts: Facts) -> None:
        super().__init__(config, facts)
        c = config
        self.latent_dim = c.latent_dim
        self.generator = Generator(c.network, facts, c.width, c.latent_dim, c.conditional)
        self.judge = CriticNetwork(
            c.network, facts, c.width,
            pack=c.packing, conditional=c.conditional, spectral=c.spectral_norm, octaves=c.octaves,
        )  # fmt: skip

    def players(self) -> Mapping[str, Iterable[nn.Parameter]]:
        return {"critic": self.judge.parameters(), "generator": self.generator.parameters()}

    def optimizer(self, player: str) -> Optimizer:
        c = self.config
        rate = c.learning_rate * (c.critic_rate if player == "critic" else 1.0)
        return Optimizer(rate, c.method, (c.beta1, c.beta2), c.momentum, c.weight_decay, c.clip_norm)

    # --- training ------------------------------------------------------------------------------------

    def training_step(self, batch: Batch, context: Context) -> Iterator[Objective]:
        for _ in range(self.config.critic_steps - 1):
            real, labels = self._inside(data_of(batch)), self._labels(batch, context)
            with torch.no_grad():
                drawn = self._draw(len(real), labels, context)
            yield from self._critics_turn(real, drawn, labels, context)
            batch = context.next_batch(batch)
        real, labels = self._inside(data_of(batch)), self._labels(batch, context)
        drawn = self._draw(len(real), labels, context)
        yield from self._critics_turn(real, drawn.detach(), labels, context)
        loss = self._generators_turn(real, drawn, labels, context)
        yield Objective("generator", loss, {"generator_loss": loss.detach()})

    def _critics_turn(
        self, real: Tensor, drawn: Tensor, labels: Tensor | None, context: Context
    ) -> Iterator[Objective]:
        loss, logs = self._critics_loss(real, drawn, labels, context)
        yield Objective("critic", loss, logs)
        self.judge.follow(loss.detach().isfinite())

    def _draw(self, count: int, labels: Tensor | None, context: Context) -> Tensor:
        noise = context.normal(count, self.latent_dim)
        with context.autocast():
            drawn = self.generator(noise, labels)
        return drawn.float()

    def _critics_loss(
        self, real: Tensor, drawn: Tensor, labels: Tensor | None, context: Context
    ) -> tuple[Tensor, dict[str, Tensor]]:
        """Its loss, penalties included, and what is logged of it; one pass for real and drawn items."""
        c = self.config
        due = context.step % c.penalty_every == 0 and c.r1 + c.r2 + c.gradient_penalty > 0
        seen = torch.cat([self._seen(real, context), self._seen(drawn, context)])
        pairs = self._packed_labels(labels)
        both = None if pairs is None else torch.cat([pairs, pairs])
        penalty: Tensor | None = None
        if due:  # in float32; and also when somebody only wants the loss, without gradients
            with torch.enable_grad():
                scores = self.judge(seen.requires_grad_(), both)
                penalty = self._penalty(seen, scores, pairs, context)
        else:
            with context.autocast():
                scores = self.judge(seen, both)
        scores = scores.float()
        real_scores, drawn_scores = scores.chunk(2)
        loss = critic_loss(c.loss, real_scores, drawn_scores, c.label_smoothing)
        logs = {
            "critic_loss": loss.detach(),
            "score_real": real_scores.detach().mean(),
            "score_fake": drawn_scores.detach().mean(),
            "accuracy": sign_accuracy(c.loss, real_scores, drawn_scores),
        }
        if penalty is not None:
            logs["penalty"] = penalty.detach()
            loss = loss + c.penalty_every * penalty
        return loss, logs

    def _penalty(self, seen: Tensor, scores: Tensor, pairs: Tensor | None, context: Context) -> Tensor:
        c = self.config
        total = torch.zeros((), device=seen.device)
        if c.r1 + c.r2 > 0:
            total = slope_penalty(scores, seen, c.r1, c.r2)
        if c.gradient_penalty > 0:
            real, drawn = seen.detach().chunk(2)
            mix = context.uniform(len(real))
            total = total + c.gradient_penalty * gradient_penalty(lambda x: self.judge(x, pairs), real, drawn, mix)
        return total

    def _generators_turn(self, real: Tensor, drawn: Tensor, labels: Tensor | None, context: Context) -> Tensor:
        pairs = self._packed_labels(labels)
        seen = self._seen(drawn, context)
        with context.autocast():
            scores = self.judge(seen, pairs)
        real_scores = None
        if self.config.loss == "relativistic":
            with torch.no_grad(), context.autocast():
                real_scores = self.judge(self._seen(real, context), pairs)
        return generator_loss(self.config.loss, scores, real_scores)

    def _seen(self, items: Tensor, context: Context) -> Tensor:
        """What reaches the critic: augmented, noisy, packed along the channels [N / k, k · C, H, W]."""
        c = self.config
        if self.facts.modality == "image":
            items = diffaug(items, c.diffaug, context.rng)
        if c.instance_noise > 0:
            left = 1 - context.progress if c.noise_decay else 1.0
            items = items + c.instance_noise * left * self._spread * context.normal_like(items)
        return items if c.packing == 1 else torch.cat(_whole_packs(items, c.packing), 1)

    def _packed_labels(self, labels: Tensor | None) -> Tensor | None:
        """int64 [N / k, k], as `_seen` packs."""
        return None if labels is None else torch.stack(_whole_packs(labels, self.config.packing), 1)

    def _labels(self, batch: Batch, context: Context) -> Tensor | None:
        """Labels to learn by, int64 [N]; some are left out, so that the model can draw without label too."""
        if not self.conditional:
            return None
        labels = batch.get("label")
        if labels is None:
            labels = torch.full((len(data_of(batch)),), -1, device=context.rng.device)
        return torch.where(context.uniform(len(labels)) < _UNLABELLED, -1, labels)

    # --- asking --------------------------------------------------------------------------------------

    def sample(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Noise [N, latent_dim] to pictures in 0..1 or points, each from its own noise alone."""
        return self._outside(self.generator.draw(noise, labels).float())

    def first_map(self) -> Tensor:
        """The generator's first weights, those of the label left out: [F, latent_dim]."""
        return self.generator.first_map()

    def first_features(self, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """What noise [N, latent_dim] is behind the generator's first layers, as when drawing: float32 [N, F]."""
        return self.generator.first_features(noise, labels).float()

    def critic(self, items: Tensor, labels: Tensor | None = None) -> Tensor:
        """Scores float [N] of pictures in 0..1 or of points, without augmentation or noise.

        With packing each item is judged in a pack with others of the same call, spread over all of them.
        """
        inside, pack = self._inside(items), self.config.packing
        turns = [-(-len(inside) * i // pack) for i in range(pack)]
        packed = torch.cat([inside.roll(-turn, 0) for turn in turns], 1)
        if labels is None or not self.conditional:
            return self.judge(packed).float()
        return self.judge(packed, torch.stack([labels.roll(-turn, 0) for turn in turns], 1)).float()

    @property
    def _spread(self) -> float:
        """One standard deviation of the data where the networks see it."""
        return 1.0 if self.facts.modality == "points" else 2 * self.facts.std

    def _inside(self, items: Tensor) -> Tensor:
        """To the range of the networks."""
        if self.facts.modality == "points":
            return (items - self.facts.mean) / max(self.facts.std, 1e-6)
        return 2 * items - 1

    def _outside(self, items: Tensor) -> Tensor:
        if self.facts.modality == "points":
            return items * max(self.facts.std, 1e-6) + self.facts.mean
        return ((items + 1) / 2).clamp(0, 1)


def _whole_packs(items: Tensor, pack: int) -> tuple[Tensor, ...]:
    """`pack` equal parts; what is left over is not used, and a batch smaller than a pack is repeated."""
    if len(items) < pack:
        items = items.repeat(pack, *[1] * (items.dim() - 1))
    return items[: len(items) // pack * pack].chunk(pack)
