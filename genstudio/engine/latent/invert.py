"""One's own picture as a code, for every family: by its encoder, or by a search through the noise."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.errors import InputError
from genstudio.engine.latent.explorer import Explorer, Images
from genstudio.engine.latent.place import NO_LABEL, Floats, Place
from genstudio.models.base import Encodes
from genstudio.models.capabilities import Velocity

_SLICE = 0.015  # seconds of work between two results
_CAREFUL = 0.7  # of a correction of a flow's code: all of it swings to and fro
_ENOUGH = 1e-5  # squared error, 50 dB: nobody sees less
_DRAWN = 64  # candidates drawn in one pass


@dataclass(frozen=True, slots=True)
class Search:
    """How long and how a code is searched for.

    Attributes
    ----------
    candidates : int
        Codes drawn at random, of which the best are started from.
    starts : int
        Codes improved side by side.
    steps : int
        Steps of Adam (Kingma & Ba 2015), each of the length `rate` at first, falling to 0 by a cosine.
    refinement, refinement_rate
        The same from the code of an encoder.
    corrections : int
        Times that a flow, whose equation followed backwards and forwards again does not quite end where it began, is
        corrected for what it missed.
    prior : float
        Weight of |z|² / D beside the mean squared error per pixel in 0..1: how much error a code is worth that a
        model was trained on.
    """

    candidates: int = 256
    starts: int = 8
    steps: int = 200
    rate: float = 0.2
    refinement: int = 60
    refinement_rate: float = 0.03
    corrections: int = 14
    prior: float = 2e-4


@dataclass(frozen=True, slots=True, eq=False)
class Inverted:
    """The best code so far.

    Attributes
    ----------
    code : float32 [D]
    picture : uint8 [H, W, C]
        What the model draws from it.
    error : float
        Mean squared error per pixel to the picture that was given, both in 0..1.
    step, total : int
        How much is done, of how much.
    done : bool
        Nothing better is going to come.
    """

    code: Floats
    picture: Images
    error: float
    step: int
    total: int
    done: bool

    @property
    def psnr(self) -> float:
        """Peak signal-to-noise ratio in dB."""
        return psnr(self.error)


def invert(
    explorer: Explorer, image: Images, label: int = NO_LABEL, seed: int = 0, search: Search | None = None
) -> Generator[Inverted, None, None]:
    """Search for the code whose picture is nearest to `image`; each result took some 20 ms and is never worse.

    Encoder families begin with the encoder's code and improve it. A flow follows its equation backwards, and corrects
    for what that missed, one correction a result. Models without encoder start from the best of some hundred random
    codes and follow the gradient of the error (Zhu et al. 2016, section 4.1; Lipton & Tripathi 2017). The model stays
    as it is.

    Parameters
    ----------
    image : uint8 [H, W, C]
        Of the model's shape; see `own_picture.read_picture`.
    label : int
        For models by label; -1 for none.
    seed : int
        The same gives the same codes.

    Raises
    ------
    InputError
        When the picture is not of the model's shape.
    """
    if image.ndim != 3 or image.dtype != np.uint8:
        raise InputError("The picture is not one of whole numbers from 0 to 255 in rows, columns and channels.")
    explorer.check_shape(image[None])
    return _Inversion(explorer, image, label, seed, search or Search()).results()


def psnr(error: float) -> float:
    """Peak signal-to-noise ratio in dB of a squared error in 0..1: −10·log₁₀; infinite for equal pictures."""
    return -10 * math.log10(error) if error > 0 else math.inf


def squared_error(a: NDArray[np.uint8], b: NDArray[np.uint8]) -> float:
    """Mean squared error per pixel of two pictures uint8 [H, W, C], taken as 0..1."""
    return float(np.square(a.astype(np.float64) - b).mean()) / 255**2


class _Inversion:
    """One search; the best is judged by its picture as `Explorer.picture` draws it, bytes and alone."""

    def __init__(self, explorer: Explorer, image: Images, label: int, seed: int, search: Search) -> None:
        self._explorer, self._image, self._label, self._seed, self._search = explorer, image, label, seed, search
        self._target = explorer.unit(image[None])
        self._found: tuple[float, Floats] = (math.inf, np.empty(0, np.float32))  # the best as seen beside others
        self._best: tuple[float, Floats, Images] | None = None
        self._total = 1

    def results(self) -> Generator[Inverted, None, None]:
        model, search = self._explorer.trained.model, self._search
        if isinstance(model, Encodes):
            codes = self._explorer.encode(self._image[None], self._label)
            self._offer(codes[0], math.inf)
            if isinstance(model, Velocity):
                self._total = 1 + search.corrections
                yield from self._corrected(codes[0], model.encode)
            else:
                self._total = 1 + search.refinement
                yield self._result(1)
                yield from self._improved(codes, search.refinement, search.refinement_rate, 1)
            return
        chunks = -(-search.candidates // _DRAWN)
        self._total = chunks + search.steps
        codes, errors = np.empty((0, self._explorer.size), np.float32), np.empty(0)
        for i in range(chunks):
            more, their = self._candidates(i)
            codes, errors = np.concatenate([codes, more]), np.concatenate([errors, their])
            yield self._result(i + 1)
        nearest = errors.argsort(kind="stable")[: search.starts]
        yield from self._improved(codes[nearest], search.steps, search.rate, chunks)

    def _candidates(self, chunk: int) -> tuple[Floats, NDArray[np.float64]]:
        """Random codes [N, D] and the errors [N] of their pictures."""
        codes = self._explorer.random(_DRAWN, (self._seed + chunk * 1_000_003) % 2**31)
        drawn = self._explorer.draw(codes, self._label)
        errors = np.square(drawn.astype(np.float64) - self._image).mean((1, 2, 3)) / 255**2
        self._offer(codes[errors.argmin()], float(errors.min()))
        return codes, errors

    # --- there and back again --------------------------------------------------------------------------

    def _corrected(self, first: Floats, encode: Callable[[Tensor, Tensor | None], Tensor]) -> Iterator[Inverted]:
        """Two fixed-point iterations, in both of which nothing changes once the code z draws the target x.

        First x̃ ← x̃ + x − draw(encode(x̃)) with z = encode(x̃), which gains most at once; then, from the best code of
        these, z ← z + 0.7·(encode(x) − encode(draw(z))).
        """
        labels, x = self._explorer.label_row(self._label, 1), self._target
        z = start = torch.from_numpy(first[None]).to(x.device)
        aim, turn = x, self._search.corrections * 3 // 7
        for step in range(self._total):
            with torch.no_grad():
                drawn = self._explorer.drawn(z, labels)
                self._keep(z, (drawn - x).square().mean((1, 2, 3)))
            if self._found[0] < _ENOUGH:
                self._total = step + 1
            yield self._result(step + 1)
            if step + 1 == self._total:
                return
            with torch.no_grad():
                if step < turn:
                    aim = aim + x - drawn
                    z = encode(aim, labels)
                else:
                    if step == turn:
                        z = torch.from_numpy(self._found[1][None]).to(x.device)
                        drawn = self._explorer.drawn(z, labels)
                    z = z + _CAREFUL * (start - encode(drawn, labels))

    # --- along the gradient --------------------------------------------------------------------------

    def _improved(self, codes: Floats, steps: int, rate: float, before: int) -> Iterator[Inverted]:
        z = torch.from_numpy(codes.copy()).to(self._target.device)
        adam, due = _Adam(z), time.monotonic() + _SLICE
        labels = self._explorer.label_row(self._label, len(codes))
        for step in range(steps):
            errors, gradient = self._gradient(z, labels)
            self._keep(z, errors)
            if gradient is None:  # a model whose pictures do not change with its codes by degrees
                break
            z = adam.step(z, gradient, rate * 0.5 * (1 + math.cos(math.pi * step / steps)))
            if time.monotonic() >= due and step + 1 < steps:
                yield self._result(before + step + 1)
                due = time.monotonic() + _SLICE
        with torch.no_grad():
            self._keep(z, self._errors(z, labels))
        yield self._result(self._total)

    def _gradient(self, z: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor | None]:
        """Errors [N] of codes [N, D], and the gradient [N, D] of what is minimised; None where there is none."""
        with torch.enable_grad():
            z = z.detach().requires_grad_(True)
            errors = self._errors(z, labels)
            if not errors.requires_grad:
                return errors, None
            (gradient,) = torch.autograd.grad((errors + self._search.prior * z.square().mean(1)).sum(), z)
        return errors.detach(), torch.nan_to_num(gradient)

    def _errors(self, z: Tensor, labels: Tensor | None) -> Tensor:
        return (self._explorer.drawn(z, labels) - self._target).square().mean((1, 2, 3))

    # --- the best so far -----------------------------------------------------------------------------

    def _keep(self, z: Tensor, errors: Tensor) -> None:
        nearest = int(errors.argmin())
        error = float(errors[nearest])
        if error < self._found[0]:
            self._offer(z[nearest].detach().float().cpu().numpy(), error)

    def _offer(self, code: Floats, error: float) -> None:
        if error < self._found[0] or not len(self._found[1]):
            self._found = (error, code)

    def _result(self, step: int) -> Inverted:
        code = self._found[1]
        if self._best is None or code is not self._best[1]:
            picture = self._explorer.picture(Place(code, self._label))
            error = squared_error(picture, self._image)
            if self._best is None or error < self._best[0]:
                self._best = (error, code, picture)
        error, code, picture = self._best
        return Inverted(code, picture, error, step, self._total, step >= self._total)


class _Adam:
    """Kingma & Ba 2015, algorithm 1, for codes [N, D]: each number has moments of its own."""

    def __init__(self, z: Tensor, betas: tuple[float, float] = (0.9, 0.999)) -> None:
        self._first, self._second, self._betas, self._steps = torch.zeros_like(z), torch.zeros_like(z), betas, 0

    @torch.no_grad()
    def step(self, z: Tensor, gradient: Tensor, rate: float) -> Tensor:
        self._steps += 1
        a, b = self._betas
        self._first.mul_(a).add_(gradient, alpha=1 - a)
        self._second.mul_(b).addcmul_(gradient, gradient, value=1 - b)
        first, second = self._first / (1 - a**self._steps), self._second / (1 - b**self._steps)
        return z - rate * first / (second.sqrt() + 1e-8)
