"""Which modes of the toy data each family finds within a budget: rings (8) and grid (25).

A mode counts with at least 20 of 10,000 samples within three standard deviations of it. Beside that stand the share
of samples that lie so near to any mode (0.989 for a perfect model), the reverse KL of the modes' shares, and how many
modes have one sample at all, by which even a model that only scatters its samples looks well.
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import common
import numpy as np
import torch
from budget import NotThere, Recipe, Results, add_arguments, spec_of, train_for
from numpy.typing import NDArray

from genstudio.engine.load import load_trained
from genstudio.engine.run import Run
from genstudio.evaluate import modes
from genstudio.models.base import Samples

SOURCES = ("rings", "grid")
CONTENDERS = {
    "flow": Recipe("flow", "points"),
    "recommended GAN": Recipe("gan", "points"),
    "plain GAN": Recipe("gan", "plain-points"),
}


@torch.no_grad()
def draw(run: Run, seed: int, count: int = modes.OF) -> NDArray[np.float32]:
    """Points [count, 2] of a finished run."""
    trained = load_trained(run, "cpu")
    model, generator = trained.model, torch.Generator().manual_seed(seed)
    if not isinstance(model, Samples):
        raise NotThere(f"“{trained.document.family}” draws no samples")
    noise = torch.randn(count, model.latent_dim, generator=generator).split(1000)
    return torch.cat([model.sample(part).float() for part in noise]).numpy()


def measure(args: argparse.Namespace, results: Results, scratch: Path) -> dict[str, str]:
    """Train and count what is not in the results yet; returns what could not be measured, and why."""
    missing: dict[str, str] = {}
    for seed in range(args.seeds):
        for source in args.data or SOURCES:
            for name in args.only or CONTENDERS:
                shown, about = f"{name}, {source}", modes.known(source)
                if f"{shown}, seed {seed}" in results.done or shown in missing or about is None:
                    continue
                folder = scratch / f"{source}-{name}-{seed}".replace(" ", "-")
                try:
                    spec = spec_of(CONTENDERS[name], source, seed, args)
                    trained = train_for(spec, args.seconds, args.cpu, folder)
                    found = modes.find(draw(trained.run, seed), about)
                except NotThere as reason:
                    missing[shown] = str(reason)
                    continue
                took: dict[str, Any] = {"steps": trained.steps, "wall": trained.wall, "cpu": trained.cpu}
                result = {"contender": shown, "seed": seed, **took, **asdict(found)}
                results.add(f"{shown}, seed {seed}", result)
                print(f"seed {seed}: {shown}: {found.strict} of {found.total}", flush=True)
    return missing


def show(results: Results) -> str:
    """A row for each contender and source, medians over the seeds."""
    rows = []
    for name in sorted({row["contender"] for row in results.done.values()}):
        found = list(results.of(name).values())
        total = found[0]["total"]
        columns = {"strict": 0, "loose": 0, "good": 3, "reverse_kl": 3, "steps": 0, "cpu": 0}
        cells = [common.spread([row[what] for row in found], digits) for what, digits in columns.items()]
        rows.append([name, str(len(found)), str(total), *cells])
    head = ["", "seeds", "modes", "found (strict)", "loose", "good", "reverse KL", "steps", "CPU s"]
    return common.table(head, rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", choices=SOURCES, action="append", help="only this one; may be repeated")
    parser.add_argument("--seconds", type=float, default=60.0, help="budget of each training (%(default)s)")
    parser.add_argument("--only", choices=CONTENDERS, action="append", help="only this one; may be repeated")
    add_arguments(parser, "modes.json")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    results = Results(args.out, {name: getattr(args, name) for name in ("seconds", "cpu", "threads", "precision")})
    with tempfile.TemporaryDirectory() as folder:
        print(common.describe(common.machine()))
        clock = "processor time" if args.cpu else "time"
        print(f"{args.seconds:g} seconds of {clock} each, {args.threads} threads, {args.precision}")
        missing = measure(args, results, args.runs or Path(folder))
    print(f"\nmedian [lowest–highest] of the seeds\n{show(results)}")
    for name, reason in missing.items():
        print(f"not measured: {name}: {reason}")


if __name__ == "__main__":
    main()
