"""Plain PyTorch loops of GANs: one as an expert writes it for speed, one as the DCGAN tutorial of PyTorch has it."""

from __future__ import annotations

import copy

import numpy as np
import torch
from loops import BATCH, SEED, Case, in_order, loader_of, model_of
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

_BETAS = (0.5, 0.999)


class BareGame:
    """Fast and nothing else: uint8 in memory, channels last, fused AdamW, one pass of the critic for real and drawn
    pictures, no gradient for the critic in the generator's turn."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        model = model_of(case, images).to(memory_format=torch.channels_last)
        self._drawer, self._critic, self._size = model.generator, model.judge, model.latent_dim
        self._rows, self._order = torch.from_numpy(images), in_order(len(images))
        self._rng = torch.Generator().manual_seed(SEED)
        self._of_drawer, self._of_critic = list(self._drawer.parameters()), list(self._critic.parameters())
        self._optimizers = [
            torch.optim.AdamW(parameters, lr=2e-4, betas=_BETAS, weight_decay=0.0, fused=True)
            for parameters in (self._of_critic, self._of_drawer)
        ]
        self.first: list[dict[str, float]] = []

    def __call__(self, steps: int) -> int:
        for _ in range(steps):
            real = self._rows[next(self._order)].permute(0, 3, 1, 2).float().div_(255) * 2 - 1
            drawn = self._drawer(torch.randn(BATCH, self._size, generator=self._rng))
            real_scores, drawn_scores = self._critic(torch.cat([real, drawn.detach()])).chunk(2)
            critic_loss = F.softplus(-real_scores).mean() + F.softplus(drawn_scores).mean()
            self._turn(0, critic_loss, self._of_critic)
            loss = F.softplus(-self._critic(drawn)).mean()
            self._turn(1, loss, self._of_drawer)
            if len(self.first) < 5:
                self.first.append({"critic_loss": critic_loss.item(), "generator_loss": loss.item()})
        return steps

    def _turn(self, which: int, loss: Tensor, parameters: list[torch.nn.Parameter]) -> None:
        self._optimizers[which].zero_grad()
        loss.backward(inputs=parameters)
        self._optimizers[which].step()


class TutorialGame:
    """The loop of PyTorch's DCGAN tutorial: a DataLoader, Adam, probabilities and binary cross-entropy, real and
    drawn pictures in passes of their own, gradients for both networks in the generator's turn, four numbers read at
    each step."""

    def __init__(self, case: Case, images: NDArray[np.uint8]) -> None:
        model = model_of(case, images)
        self._drawer, self._critic = copy.deepcopy(model.generator), copy.deepcopy(model.judge)
        self._size = model.latent_dim
        self._batches = loader_of(torch.from_numpy(images).permute(0, 3, 1, 2).contiguous().float() / 127.5 - 1)
        self._of_critic = torch.optim.Adam(self._critic.parameters(), lr=2e-4, betas=_BETAS)
        self._of_drawer = torch.optim.Adam(self._drawer.parameters(), lr=2e-4, betas=_BETAS)
        self._log: list[tuple[float, float, float, float]] = []

    def __call__(self, steps: int) -> int:
        criterion = torch.nn.BCELoss()
        for _ in range(steps):
            self._critic.zero_grad()
            label = torch.full((BATCH,), 1.0)
            output = self._critic(next(self._batches)).sigmoid().view(-1)
            error_real = criterion(output, label)
            error_real.backward()
            of_real = output.mean().item()

            drawn = self._drawer(torch.randn(BATCH, self._size))
            label.fill_(0.0)
            output = self._critic(drawn.detach()).sigmoid().view(-1)
            error_drawn = criterion(output, label)
            error_drawn.backward()
            of_drawn = output.mean().item()
            self._of_critic.step()

            self._drawer.zero_grad()
            label.fill_(1.0)
            error = criterion(self._critic(drawn).sigmoid().view(-1), label)
            error.backward()
            self._of_drawer.step()
            self._log.append(((error_real + error_drawn).item(), error.item(), of_real, of_drawn))
        return steps
