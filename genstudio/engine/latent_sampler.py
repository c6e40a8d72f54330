"""“Fit latent sampler”: how the codes of the training data are spread, learnt after training and kept in the run.

An autoencoder has no prior, and the codes of a VAE do not fill theirs; drawing codes as they really are is the
cheapest gain in sample quality there is (Ghosh et al. 2020).
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from genstudio.core.errors import InputError, WorkError
from genstudio.data import Dataset, open_source
from genstudio.data.items import Watch, unwatched
from genstudio.engine import latent_files, prepare, use
from genstudio.engine.latent_files import KINDS, TITLES, About, Kind
from genstudio.engine.latent_fit import LatentFlow, Mixture, Space, Spread
from genstudio.engine.load import Trained, fingerprint, load_trained
from genstudio.engine.run import Run
from genstudio.models import families

MOST = 20_000  # items that are encoded
_CHUNK = 256


@runtime_checkable
class Codes(Protocol):
    """A model whose codes a sampler can be fitted to."""

    latent_dim: int

    def draw_codes(self, items: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        """Items and noise [N, latent_dim] to codes [N, latent_dim] as `decode` is used to."""
        ...

    def decode(self, codes: Tensor, labels: Tensor | None = None) -> Tensor: ...


@dataclass(frozen=True, slots=True)
class FittedSampler:
    """Draws codes as those of the training data are spread.

    Attributes
    ----------
    kind : {"gmm", "flow"}
    caption : str
        What samples are, for people.
    """

    kind: Kind
    caption: str
    space: Space
    spread: Spread

    def codes(self, count: int, seed: int = 0, labels: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
        """Codes float32 [count, D]; the same seed gives the same, whatever the count.

        Parameters
        ----------
        labels : int64 [count] or None
            For models by label; -1 for none.
        """
        generator = torch.Generator().manual_seed(seed)
        given = None if labels is None else torch.from_numpy(np.ascontiguousarray(labels))
        parts = [np.zeros((0, len(self.space.mean)), np.float32)]
        for start in range(0, count, _CHUNK):
            # always whole chunks: torch gives other numbers for another size
            part = None if given is None else _whole(given[start : start + _CHUNK])
            drawn = self.space.leave(self.spread.draw(_CHUNK, generator, part))
            parts.append(drawn[: count - start].numpy())
        return np.concatenate(parts)


def _whole(labels: Tensor) -> Tensor:
    return torch.cat([labels, labels.new_full((_CHUNK - len(labels),), -1)])


# --- fitting ------------------------------------------------------------------------------------------


def can_fit(family: str) -> bool:
    """Whether models of this family have codes that a sampler can be fitted to."""
    return hasattr(families.load(family), "draw_codes")


def check_family(family: str) -> None:
    """Raise `InputError` where `can_fit` says no."""
    if not can_fit(family):
        able = ", ".join(name for name in families if can_fit(name))
        raise InputError(f"The family “{family}” draws from noise and has no use for a latent sampler; {able} have.")


def fit(run: Run, kind: Kind, progress: Watch = unwatched, seed: int = 0) -> FittedSampler:
    """Learn how the codes of the training data are spread, and keep it in the run.

    Parameters
    ----------
    kind : {"gmm", "flow"}
        Ten normal distributions with full covariances, or a small network trained by flow matching.
    progress : Watch
        Told how far it is; may raise `Cancelled`, and nothing is kept then.

    Raises
    ------
    InputError
        When the run has no checkpoint, its family no codes, or its data is not there as it was.
    WorkError
        When codes are not finite or the result cannot be written.
    """
    trained = load_trained(run)
    check_family(trained.document.family)
    data = _training_data(run, progress)
    codes, labels = _codes(trained, data, seed, progress)
    space = Space.of(codes, seed)
    learn = {"gmm": Mixture.fit, "flow": LatentFlow.fit}[kind]
    what = f"fitting {TITLES[kind]}"
    spread = learn(
        space.enter(codes), labels, _classes(trained), seed, lambda done, total: progress(what, done, total)
    )
    about = About(
        kind=kind,
        fitted_to=fingerprint(trained),
        sha256="",
        step=trained.step,
        items=len(codes),
        seed=seed,
        created=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )
    latent_files.keep(run, about, space, spread)
    progress(what, 1, 1)
    return FittedSampler(kind, _caption(about), space, spread)


def _training_data(run: Run, progress: Watch) -> Dataset:
    assert run.document is not None
    facts = run.document.data
    data = open_source(facts.source, "train", facts.preparation, progress, facts.picture_shape())
    prepare.check_data(run, data)
    return data


def _codes(trained: Trained, data: Dataset, seed: int, progress: Watch) -> tuple[Tensor, NDArray[np.int64] | None]:
    """Codes float32 [N, D] of up to 20,000 training items, and the labels of these where the model looks at them."""
    rows = np.sort(np.random.default_rng([seed, 5]).permutation(len(data))[:MOST])
    taken = data.take(rows) if len(rows) < len(data) else data
    model, generator = trained.model, torch.Generator().manual_seed(seed)
    assert isinstance(model, Codes)

    def draw(part: slice) -> NDArray[np.float32]:
        noise = torch.randn(part.stop - part.start, model.latent_dim, generator=generator)
        items, labels = use.items_of(trained, taken, part), use.labels_of(trained, taken, part)
        return model.draw_codes(items, noise.to(trained.machine.device), labels).float().cpu().numpy()

    codes = torch.from_numpy(use.in_chunks(draw, len(taken), lambda d, n: progress("encoding", d, n)))
    if not codes.isfinite().all():
        raise WorkError("The codes of this model are not finite: no sampler can be fitted to them.")
    labels = use.labels_of(trained, taken, slice(0, len(taken)))
    return codes, None if labels is None else labels.cpu().numpy()


# --- using it -------------------------------------------------------------------------------------


def load(run: Run, kind: Kind, trained: Trained) -> FittedSampler:
    """A sampler that was kept, for the weights that it was fitted to.

    Raises
    ------
    InputError
        When there is none, or it was fitted to other weights.
    WorkError
        When its files are damaged.
    """
    about = latent_files.about_of(run, kind)
    if about.fitted_to != fingerprint(trained):
        raise InputError(
            f"The latent sampler “{kind}” of “{run.name}” was fitted at step {about.step:,} and the weights are "
            f"others now (step {trained.step:,}): fit it again."
        )
    assert isinstance(trained.model, Codes)
    space, spread = latent_files.read(run, about, trained.model.latent_dim, _classes(trained))
    return FittedSampler(kind, _caption(about), space, spread)


def choose(run: Run, trained: Trained, wanted: str = "auto") -> FittedSampler | None:
    """The sampler to draw with: "prior" is the model's own (None), "auto" a fitted one where there is one.

    A fitted one that cannot be used is refused when it was asked for; with "auto" it is named in ``run.notes``.
    """
    if wanted in KINDS:
        return load(run, wanted, trained)
    if wanted == "auto" and isinstance(trained.model, Codes):
        for kind in latent_files.kept(run):
            try:
                return load(run, kind, trained)
            except (InputError, WorkError) as error:
                run.notes.append(f"{error} Drawn without it.")
    return None


def _classes(trained: Trained) -> int:
    """Labels that the model looks at."""
    return trained.model.facts.classes if trained.model.conditional else 0


def _caption(about: About) -> str:
    return f"{TITLES[about.kind]} fitted to {about.items:,} codes"
