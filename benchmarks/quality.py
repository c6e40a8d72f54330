"""Quality at an equal budget: presets of families train equally long on Fashion-MNIST, then 5,000 samples of each are
scored against the test set (FD-GS64 and its floor, precision, recall, coverage), reconstructions by their PSNR.

By default the budget is five minutes on the clock. With --cpu it is as many of processor time, which is fair on a
machine that does other things. Each result is written to the file --out at once; run the same line again after an
interruption, and what is in the file is not done again.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, cast

import common
import torch
from budget import NotThere, Recipe, Results, Trained, add_arguments, spec_of, train_for

from genstudio.data import Dataset, open_source
from genstudio.engine import latent_sampler, use
from genstudio.engine.latent_sampler import FittedSampler, Kind
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.evaluate.features import FeatureNet, feature_net
from genstudio.evaluate.report import score_pictures, score_reconstructions
from genstudio.models.base import Decodes, Encodes, Samples

PRIOR, GMM = "its own", "gmm"  # samplers


@dataclass(frozen=True, slots=True)
class Contender:
    """What is trained, and by which samplers it is then sampled: the same training for all of them."""

    recipe: Recipe
    samplers: tuple[str, ...] = (PRIOR,)


BASE = "article's GAN"
#: Everything that is measured; --only chooses.
CONTENDERS = {
    BASE: Contender(Recipe("gan", "article-gan")),
    "GAN": Contender(Recipe("gan", "balanced")),
    "VAE": Contender(Recipe("vae", "quality"), (PRIOR, GMM)),
    "flow": Contender(Recipe("flow", "quality")),
    "article's autoencoder": Contender(Recipe("autoencoder", "article", {"latent_dim": 128})),
    "autoencoder": Contender(Recipe("autoencoder", "", {"latent_dim": 128})),
}
FIGURES = ("fd_gs64", "precision", "recall", "coverage")


@dataclass(frozen=True, slots=True)
class Judge:
    """The real pictures and the network that looks at them."""

    train: Dataset
    test: Dataset
    net: FeatureNet
    count: int

    def look(self, run: Run, seed: int, sampler: str) -> dict[str, Any]:
        """Scores of one trained run by name, each with floor, n and protocol."""
        begun = time.process_time()
        fitted = None if sampler == PRIOR else fit_sampler(run, sampler, seed)
        spent_on_fit = time.process_time() - begun
        model, scores = load_trained(run, "cpu"), {}
        begun = time.process_time()
        if isinstance(model.model, Samples):
            samples = use.sample(model, self.count, seed, sampler=fitted)
            spent = time.process_time() - begun
            scores = score_pictures(samples, self.test.images, self.net, self.train.images)
        else:
            spent = 0.0
        if isinstance(model.model, Encodes) and isinstance(model.model, Decodes) and sampler == PRIOR:
            scores |= score_reconstructions(self.test.images, use.reconstruct(model, self.test))
        return {
            "scores": {name: score.to_json() for name, score in scores.items()},
            "weights": model.weights,
            "cpu_to_fit_sampler": spent_on_fit,
            "cpu_to_sample": spent,
        }


def fit_sampler(run: Run, kind: str, seed: int) -> FittedSampler:
    """Fit a latent sampler to the codes of a finished run."""
    return latent_sampler.fit(run, cast(Kind, kind), seed=seed)


def measure(args: argparse.Namespace, source: str, results: Results, scratch: Path) -> dict[str, str]:
    """Train and judge what is not in the results yet; returns what could not be measured, and why."""
    missing: dict[str, str] = {}
    judge: Judge | None = None
    for seed in range(args.seeds):
        for name in args.only or CONTENDERS:
            contender = CONTENDERS[name]
            wanted = {title(name, s): s for s in contender.samplers if key(name, s, seed) not in results.done}
            if not wanted or name in missing:
                continue
            judge = judge or the_judge(source, args)
            try:
                spec = spec_of(contender.recipe, source, seed, args)
            except NotThere as reason:
                missing[name] = str(reason)
                continue
            print(f"seed {seed}: {name}", flush=True)
            folder = scratch / f"{name}-{seed}".replace(" ", "-").replace("'", "")
            trained = train_for(spec, args.minutes * 60, args.cpu, folder)
            for shown, sampler in wanted.items():
                try:
                    result = {"contender": shown, "seed": seed, **took(trained)}
                    results.add(key(name, sampler, seed), {**result, **judge.look(trained.run, seed, sampler)})
                except NotThere as reason:
                    missing[shown] = str(reason)
    return missing


def the_judge(source: str, args: argparse.Namespace) -> Judge:
    """The same network for everything: its seed never changes."""
    train, test = open_source(source, "train"), open_source(source, "test")
    return Judge(train, test, feature_net(train, seed=0), args.samples)


def took(trained: Trained) -> dict[str, float | int]:
    return {"steps": trained.steps, "wall": trained.wall, "cpu": trained.cpu}


def title(name: str, sampler: str) -> str:
    return name if sampler == PRIOR else f"{name} + {sampler}"


def key(name: str, sampler: str, seed: int) -> str:
    return f"{title(name, sampler)}, seed {seed}"


# --- tables -------------------------------------------------------------------------------------------


def values(rows: Iterable[dict[str, Any]], name: str) -> list[float]:
    """One score of several results, those that have it."""
    return [row["scores"][name]["value"] for row in rows if name in row["scores"]]


def paired(rows: dict[int, dict[str, Any]], base: dict[int, dict[str, Any]], name: str) -> str:
    """Median and range of the ratios of a score, seed by seed."""
    seeds = [s for s in rows if s in base and name in rows[s]["scores"] and name in base[s]["scores"]]
    if not seeds:
        return "–"
    mine, theirs = (values((of[s] for s in seeds), name) for of in (rows, base))
    each = [a / b for a, b in zip(mine, theirs, strict=True)]
    return f"{median(each):.3f} [{min(each):.3f}–{max(each):.3f}]"


def show(results: Results) -> str:
    """All tables."""
    names = list(dict.fromkeys(row["contender"] for row in results.done.values()))
    sampled, base = [], results.of(BASE)
    for name in names:
        rows = results.of(name)
        if not values(rows.values(), "fd_gs64"):
            continue
        cells = [common.spread(values(rows.values(), f), 3 if f != "fd_gs64" else 2) for f in FIGURES]
        floor = median(row["scores"]["fd_gs64"]["floor"] for row in rows.values())
        steps, cpu = (f"{median(row[what] for row in rows.values()):,.0f}" for what in ("steps", "cpu"))
        sampled.append([name, str(len(rows)), steps, cpu, *cells, f"{floor:.3f}", paired(rows, base, "fd_gs64")])
    head = ["samples", "seeds", "steps", "CPU s", "FD-GS64", *FIGURES[1:], "floor", f"to {BASE}"]
    text = common.table(head, sampled)
    if results.of("VAE"):
        ratio = paired(results.of(title("VAE", GMM)), results.of("VAE"), "fd_gs64")
        text += f"\nVAE with its fitted sampler / the same VAE with its prior: {ratio}"
    pairs = [(name, results.of(name)) for name in names if values(results.of(name).values(), "psnr")]
    drawn = [[name, common.spread(values(rows.values(), "psnr"), 2)] for name, rows in pairs]
    return text + "\n\n" + common.table(["reconstructions of the test set", "PSNR, dB"], drawn)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="data with a test part; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--minutes", type=float, default=5.0, help="budget of each training (%(default)s)")
    parser.add_argument("--samples", type=int, default=5000, help="samples that are scored (%(default)s)")
    parser.add_argument("--only", choices=CONTENDERS, action="append", help="only this one; may be repeated")
    add_arguments(parser, "quality.json")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        source, note = common.find_data(args.data, scratch)
        kept = ("minutes", "cpu", "threads", "samples", "precision")
        results = Results(args.out, {**{name: getattr(args, name) for name in kept}, "data": note})
        print(common.describe(common.machine()))
        clock = "processor time" if args.cpu else "time"
        print(f"{note} · {args.minutes:g} minutes of {clock} each, {args.threads} threads, {args.precision}")
        missing = measure(args, source, results, args.runs or scratch / "runs")
        print(f"\nmedian [lowest–highest] of the seeds\n{show(results)}")
        for name, reason in missing.items():
            print(f"not measured: {name}: {reason}")


if __name__ == "__main__":
    main()
