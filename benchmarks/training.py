"""Throughput of GenStudio's engine against a bare PyTorch loop, a loop as tutorials write it, and pythae.

All four train the same network with the same loss, batch and learning rate, in one process on as many threads,
taking turns: A B C D A B C D ... What counts is the ratio inside a run; a shared machine changes all of them.
The first losses of the bare loop and of the engine are compared, so that both are known to do the same.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import common
import pythae_loop
import torch
from loops import BATCH, CASES, SEED, Bare, Case, Tutorial, model_of

from genstudio.core.events import Progress, Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.data import open_source
from genstudio.engine.run import Run
from genstudio.engine.train import train

GENSTUDIO, BARE, TUTORIAL, PYTHAE = "GenStudio", "bare loop", "tutorial loop", "pythae"


Contender = Callable[[int], int]  # takes at least so many steps, returns how many it took


class Engine:
    """`genstudio.engine.train` iterated as the command line does, with all that it does beside: logs, pictures,
    moving average, checkpoints."""

    def __init__(self, case: Case, source: str, threads: int, folder: Path) -> None:
        setting = TrainingConfig(
            steps=0, batch_size=BATCH, seed=SEED, threads=threads, precision="fp32", device="cpu"
        )
        spec = RunSpec(family=case.family, data=source, knobs=case.knobs, training=setting)
        self._events = train(spec, Run.create(folder), Mailbox())
        self._step = 0
        self.first: list[dict[str, float]] = []

    def __call__(self, steps: int) -> int:
        begin = self._step
        for event in self._events:
            if isinstance(event, Scalars) and len(self.first) < 5:
                for i in range(len(event.steps)):
                    self.first.append({name: float(column[i]) for name, column in event.values.items()})
            if isinstance(event, Progress):
                self._step = event.step
                if self._step >= begin + steps:
                    break
        return self._step - begin

    def close(self) -> None:
        self._events.close()


def turns(contenders: dict[str, Contender], steps: int, rounds: int) -> dict[str, dict[str, list[float]]]:
    """Pictures per second of wall time and of processor time (all threads), a number a round."""
    result: dict[str, dict[str, list[float]]] = {name: {"wall": [], "cpu": []} for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            contender(3)  # what came due during the other turns is done before the clock runs
            wall, cpu = time.perf_counter(), time.process_time()
            pictures = contender(steps) * BATCH
            if turn:  # the first one warms caches and allocators up
                result[name]["wall"].append(pictures / (time.perf_counter() - wall))
                result[name]["cpu"].append(pictures / (time.process_time() - cpu))
    return result


def check_same_loss(case: Case, engine: Engine, bare: Bare) -> None:
    """The bare loop must minimise what the engine minimises, from the same weights, noise and batches."""
    warm = [min(1.0, (i + 1) / 500) for i in range(5)]
    for i, (logs, loss) in enumerate(zip(engine.first, bare.first, strict=False)):
        theirs = logs["reconstruction"] + warm[i] * logs.get("kl", 0.0)
        if not math.isclose(theirs, loss, rel_tol=1e-3):
            raise SystemExit(
                f"{case.title}: loss {theirs:g} in the engine, {loss:g} in the bare loop at step {i + 1}."
            )


def run_case(case: Case, source: str, args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All contenders in turns."""
    images = open_source(source).images
    engine, bare = Engine(case, source, args.threads, scratch / "run"), Bare(case, images)
    contenders: dict[str, Contender] = {GENSTUDIO: engine, BARE: bare, TUTORIAL: Tutorial(case, images)}
    if not pythae_loop.trouble():
        contenders[PYTHAE] = pythae_loop.Pythae(
            case.family, model_of(case, images), images, BATCH, scratch / "pythae"
        )
    load = common.busy()
    rates = turns(contenders, args.steps * case.more_steps, args.rounds)
    engine.close()
    check_same_loss(case, engine, bare)
    return {
        "title": case.title,
        "load": [load, common.busy()],
        "pictures_per_second": {name: rate["wall"] for name, rate in rates.items()},
        "pictures_per_cpu_second": {name: rate["cpu"] for name, rate in rates.items()},
        "to_bare": {
            name: {kind: common.ratio(rate[kind], rates[BARE][kind]) for kind in ("wall", "cpu")}
            for name, rate in rates.items()
        },
    }


def show(result: dict[str, Any]) -> str:
    """The table of one case."""
    wall, cpu = result["pictures_per_second"], result["pictures_per_cpu_second"]
    rows = [
        [
            name,
            common.spread(wall[name]),
            common.ratio_text(wall[name], wall[BARE]),
            common.spread(cpu[name]),
            common.ratio_text(cpu[name], cpu[BARE]),
        ]
        for name in wall
    ]
    head = [result["title"], "pictures/s", "to bare loop", "pictures/CPU-s", "to bare loop"]
    return common.table(head, rows) + "\nload {} before, {} after\n".format(*result["load"])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="an IDX folder; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--steps", type=int, default=60, help="steps a turn (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch, for all (%(default)s)")
    parser.add_argument("--only", choices=CASES, action="append", help="only this model; may be repeated")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    facts = common.machine()
    with tempfile.TemporaryDirectory() as folder:
        source, note = common.find_data(args.data, Path(folder))
        print(common.describe(facts))
        print(f"{note} · batch {BATCH}, {args.threads} threads, {args.rounds} rounds of {args.steps} steps, fp32")
        print("median [lowest–highest] of the rounds; ratios: of medians [lowest–highest of a round]")
        if trouble := pythae_loop.trouble():
            print(trouble)
        results = {}
        for name in args.only or CASES:
            results[name] = run_case(CASES[name], source, args, Path(folder) / name)
            print("\n" + show(results[name]), flush=True)
    if args.json:
        print(json.dumps({"machine": facts, "data": note, "settings": vars(args), "results": results}))


if __name__ == "__main__":
    main()
