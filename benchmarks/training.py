"""Throughput of GenStudio's engine against a bare PyTorch loop, a loop as tutorials write it, pythae and Keras.

All of them train the same network with the same loss, batch and learning rate, in one process on as many threads,
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

import adversarial_loops
import common
import growth
import keras_loop
import pythae_loop
import torch
from loops import BATCH, CASES, SEED, Bare, Case, Tutorial, coder_of, model_of

from genstudio.core.data_config import DataConfig
from genstudio.core.events import Note, Progress, Scalars
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import Precision, RunSpec, TrainingConfig
from genstudio.data import open_source
from genstudio.engine.precision import fast_bf16
from genstudio.engine.run import Run
from genstudio.engine.train import train

GENSTUDIO, BARE, TUTORIAL, PYTHAE, KERAS = "GenStudio", "bare loop", "plain loop", "pythae", "Keras fit"


Contender = Callable[[int], int]  # takes at least so many steps, returns how many it took
Rates = dict[str, dict[str, list[float]]]


class Engine:
    """`genstudio.engine.train` iterated as the command line does, with all that it does beside: logs, pictures,
    moving average, checkpoints."""

    def __init__(
        self,
        case: Case,
        source: str,
        threads: int,
        folder: Path,
        precision: Precision = "fp32",
        compiled: bool = False,
    ) -> None:
        setting = TrainingConfig(
            steps=0, batch_size=BATCH, seed=SEED, threads=threads, precision=precision, device="cpu", compile=compiled
        )
        spec = RunSpec(
            family=case.family,
            data=source,
            knobs=case.knobs,
            training=setting,
            preparation=DataConfig(size=case.size),
        )
        self._events = train(spec, Run.create(folder), Mailbox())
        self._step = 0
        self.first: list[dict[str, float]] = []
        self.notes: list[str] = []

    def __call__(self, steps: int) -> int:
        begin = self._step
        for event in self._events:
            if isinstance(event, Note):
                self.notes.append(event.text)
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


def turns(contenders: dict[str, Contender], steps: int, rounds: int) -> Rates:
    """Pictures per second of wall time and of processor time (all threads), a number a round."""
    result: Rates = {name: {"wall": [], "cpu": []} for name in contenders}
    for turn in range(rounds + 1):
        for name, contender in contenders.items():
            contender(3)  # what came due during the other turns is done before the clock runs
            wall, cpu = time.perf_counter(), time.process_time()
            pictures = contender(steps) * BATCH
            if turn:  # the first one warms caches and allocators up
                result[name]["wall"].append(pictures / (time.perf_counter() - wall))
                result[name]["cpu"].append(pictures / (time.process_time() - cpu))
    return result


def check_same_loss(case: Case, engine: Engine, bare: Bare | adversarial_loops.BareGame) -> None:
    """The bare loop must minimise what the engine minimises, from the same weights, noise and batches."""
    for i, (logs, mine) in enumerate(zip(engine.first, bare.first, strict=False)):
        for name, value in mine.items():
            if not math.isclose(logs[name], value, rel_tol=1e-3):
                wrong = f"{name} of step {i + 1} is {logs[name]:g} in the engine, {value:g} in the bare loop"
                raise SystemExit(f"{case.title}: {wrong}.")


def engines_of(case: Case, source: str, args: argparse.Namespace, scratch: Path) -> dict[str, Engine]:
    """GenStudio in float32, and in bfloat16 and compiled where that is asked for; the last by its own trial."""
    kinds: dict[str, tuple[Precision, bool]] = {GENSTUDIO: ("fp32", False)}
    if args.bf16:
        kinds[f"{GENSTUDIO}, bf16"] = ("bf16", False)
    if args.compile:
        kinds[f"{GENSTUDIO}, compiled"] = ("fp32", True)
    if args.bf16 and args.compile:
        kinds[f"{GENSTUDIO}, bf16, compiled"] = ("bf16", True)
    return {
        name: Engine(case, source, args.threads, scratch / f"run-{i}", *kind)
        for i, (name, kind) in enumerate(kinds.items())
    }


def run_case(case: Case, source: str, args: argparse.Namespace, scratch: Path) -> dict[str, Any]:
    """All contenders in turns."""
    images = open_source(source, "train", DataConfig(size=case.size)).images
    engines = engines_of(case, source, args, scratch)
    game = case.family == "gan"
    bare = adversarial_loops.BareGame(case, images) if game else Bare(case, images)
    plain = adversarial_loops.TutorialGame(case, images) if game else Tutorial(case, images)
    contenders: dict[str, Contender] = {**engines, BARE: bare, TUTORIAL: plain}
    if not game and not pythae_loop.trouble():
        model = model_of(case, images)
        size = model.latent_dim
        contenders[PYTHAE] = pythae_loop.Pythae(
            case.family, coder_of(case, model), size, images, BATCH, scratch / "pythae"
        )
    if case is CASES["article"] and not keras_loop.trouble():
        contenders[KERAS] = keras_loop.Keras(case, images, BATCH)
    load = common.busy()
    rates = turns(contenders, args.steps * case.more_steps, args.rounds)
    for engine in engines.values():
        engine.close()
    check_same_loss(case, engines[GENSTUDIO], bare)
    return {
        "title": case.title,
        "load": [load, common.busy()],
        "notes": {name: engine.notes for name, engine in engines.items() if engine.notes},
        "pictures_per_second": {name: rate["wall"] for name, rate in rates.items()},
        "pictures_per_cpu_second": {name: rate["cpu"] for name, rate in rates.items()},
        "to_bare": to_base(rates, BARE),
        "to_plain": to_base(rates, TUTORIAL),
    }


def to_base(rates: Rates, base: str) -> dict[str, dict[str, dict[str, float]]]:
    return {
        name: {kind: common.ratio(rate[kind], rates[base][kind]) for kind in ("wall", "cpu")}
        for name, rate in rates.items()
    }


def show(result: dict[str, Any]) -> str:
    """The table of one case."""
    wall, cpu = result["pictures_per_second"], result["pictures_per_cpu_second"]
    rows = [
        [
            name,
            common.spread(wall[name]),
            common.ratio_text(wall[name], wall[TUTORIAL]),
            common.spread(cpu[name]),
            common.ratio_text(cpu[name], cpu[TUTORIAL]),
            common.ratio_text(cpu[name], cpu[BARE]),
        ]
        for name in wall
    ]
    head = [result["title"], "pictures/s", "to plain loop", "pictures/CPU-s", "to plain loop", "to bare loop"]
    notes = [f"{name}: {text}" for name, texts in result["notes"].items() for text in texts]
    return "\n".join([common.table(head, rows), *notes, "load {} before, {} after\n".format(*result["load"])])


def run_growth(args: argparse.Namespace, source: str, scratch: Path) -> dict[str, Any]:
    """The engine on ten thousand and on a million pictures, in turns."""
    images, case = open_source(source).images, CASES["vae-mlp"]
    engines: dict[str, Engine] = {}
    memory: dict[str, float] = {}
    with growth.home(scratch / "home"):
        for count in (growth.SMALL, growth.LARGE):
            path, name = scratch / f"{count}.npy", f"{count:,} pictures"
            growth.write_pictures(path, images, count)
            before = growth.own_memory()
            engines[name] = Engine(case, str(path), args.threads, scratch / f"growth-{count}")
            engines[name](20)
            memory[name] = growth.own_memory() - before
        rates = turns(dict(engines), args.steps * case.more_steps, args.rounds)
        for engine in engines.values():
            engine.close()
    print("\n" + growth.show(rates, memory), flush=True)
    return growth.summary(rates, memory)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="an IDX folder; the default is Fashion-MNIST in ../shared/data")
    parser.add_argument("--steps", type=int, default=60, help="steps a turn (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="turns of each contender (%(default)s)")
    parser.add_argument("--threads", type=int, default=1, help="threads of torch, for all (%(default)s)")
    parser.add_argument("--only", choices=(*CASES, "growth"), action="append", help="only this; may be repeated")
    parser.add_argument("--bf16", action="store_true", help="bfloat16 too, even where it was measured to be slow")
    parser.add_argument("--compile", action="store_true", help="compiled networks too")
    parser.add_argument("--json", action="store_true", help="print one line of JSON at the end")
    args = parser.parse_args()
    args.bf16 = args.bf16 or fast_bf16("cpu")
    return args


def main() -> None:
    args = arguments()
    torch.set_num_threads(args.threads)
    facts = common.machine()
    with tempfile.TemporaryDirectory() as folder:
        source, note = common.find_data(args.data, Path(folder))
        print(common.describe(facts))
        print(f"{note} · batch {BATCH}, {args.threads} threads, {args.rounds} rounds of {args.steps} steps")
        print(f"bfloat16 is {'fast' if fast_bf16('cpu') else 'slow'} here; contenders run in fp32 unless they say so")
        print("median [lowest–highest] of the rounds; ratios: of medians [lowest–highest of a round]")
        wanted = args.only or (*CASES, "growth")
        print("\n".join(filter(None, [pythae_loop.trouble(), keras_loop.trouble()])))
        if "article" in wanted and not keras_loop.trouble():
            facts["keras"] = keras_loop.start(args.threads)
            print(facts["keras"])
        results = {}
        for name in wanted:
            scratch = Path(folder) / name
            scratch.mkdir()
            if name == "growth":
                results[name] = run_growth(args, source, scratch)
                continue
            results[name] = run_case(CASES[name], source, args, scratch)
            print("\n" + show(results[name]), flush=True)
    if args.json:
        print(json.dumps({"machine": facts, "data": note, "settings": vars(args), "results": results}))


if __name__ == "__main__":
    main()
