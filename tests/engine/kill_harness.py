"""Kills real trainings with SIGKILL and checks what is left. A program of its own, started by the tests.

The parent imports everything once and forks before any thread or Qt exists, so that a kill costs a tenth of a
second instead of three. ``python kill_harness.py random FOLDER COUNT SEED`` kills at random instants,
``python kill_harness.py sweep FOLDER FAMILY`` at each file operation of a save. The last line is a JSON summary.
"""

import json
import os
import random
import signal
import sys
import time
import traceback
from pathlib import Path

import torch
from tiny_runs import digest, drive, leftovers, names, of, open_or_create, spec_of

from genstudio.core import atomic
from genstudio.core.events import Progress, Saved, Scalars, Started
from genstudio.core.mailbox import Mailbox
from genstudio.engine.run import Run
from genstudio.engine.train import train

INTERVAL = 5
FAMILIES = ("vae", "autoencoder")


def fork(work):
    """Run `work(say)` in a child; returns its process number and the end of the pipe on which it says things."""
    read, write = os.pipe()
    pid = os.fork()
    if pid:
        os.close(write)
        return pid, read
    os.close(read)
    try:
        work(lambda **said: os.write(write, json.dumps(said).encode() + b"\n"))
    except BaseException:
        os.write(write, json.dumps({"error": traceback.format_exc()[-3000:]}).encode() + b"\n")
    finally:
        os._exit(0)  # never back into the parent's code, whatever was raised


def heard(pid, read):
    """Everything that the child said, after its end; whether it was killed."""
    with open(read, encoding="utf-8") as pipe:  # noqa: PTH123
        said = [json.loads(line) for line in pipe if line.endswith("\n")]
    _, status = os.waitpid(pid, 0)
    errors = [s["error"] for s in said if "error" in s]
    if errors:
        raise AssertionError(errors[0])
    return said, os.WIFSIGNALED(status)


def training(path, family, faults=None):
    """Train without end, telling each step and each checkpoint."""

    def work(say):
        spec = spec_of(family, steps=0, checkpoint_every=INTERVAL)
        run = open_or_create(path)
        say(opened=run.document.step if run.document else 0)
        for event in train(spec, run, Mailbox()):
            if isinstance(event, Started):
                say(started=event.step)
            elif isinstance(event, Scalars):
                say(step=int(event.steps[-1]))
            elif isinstance(event, Progress):
                say(step=event.step)
            elif isinstance(event, Saved):
                say(saved=event.step, step=event.step)
                if faults is not None and event.step >= 3 * INTERVAL:
                    # from the next save on: the third, which also prunes the oldest
                    atomic.faults = faults

    return work


def checking(path, family, least, reached, resume):
    """Open what a kill left behind and go on with it: nothing is lost beyond one interval, nothing lies about."""

    def work(say):
        if not (path / "run.json").exists():
            assert reached < 0, f"training had begun, but there is no run: {names(path)}"
            drive(spec_of(family, steps=INTERVAL, checkpoint_every=INTERVAL), Run.create(path))
            assert leftovers(path) == []
            say(step=INTERVAL)
            return
        run = Run.open(path)
        saved = run.load_checkpoint()
        step = saved.step if saved else 0
        assert step >= least, f"the checkpoint of step {least} was told as saved, but {step} is what is left"
        assert step >= reached - INTERVAL, f"step {reached} was reached, but {step} is what is left"
        assert run.notes == [], run.notes
        assert run.history().damaged <= 1
        assert run.state() == "interrupted" or reached < 0
        if resume:
            events = drive(spec_of(family, steps=step + 3, checkpoint_every=INTERVAL), run)
            assert of(Started, events)[0].step == step
            assert Run.open(path).load_checkpoint().step == step + 3
            assert Run.open(path).history().damaged == 0
            assert leftovers(path) == []
        say(step=step)

    return work


def check(path, family, said, resume):
    least = max((s["saved"] for s in said if "saved" in s), default=0)
    reached = max((s["step"] for s in said if "step" in s), default=0 if any("started" in s for s in said) else -1)
    answers, killed = heard(*fork(checking(path, family, least, reached, resume)))
    assert not killed
    return answers[-1]["step"]


def kill_at_random(folder, count, seed):
    """`count` kills, a new run after every tenth; at its end each is compared with a run that was never killed."""
    rng = random.Random(seed)
    steps, during = [], {"opening": 0, "training": 0, "saving": 0}
    for number in range(count):
        family, path = FAMILIES[number // 10 % 2], folder / f"run{number // 10}"
        pid, read = fork(training(path, family))
        time.sleep(rng.uniform(0.0, 0.35))
        os.kill(pid, signal.SIGKILL)
        said, killed = heard(pid, read)
        assert killed
        saving = path.exists() and leftovers(path) != []
        during["saving" if saving else "training" if any("step" in s for s in said) else "opening"] += 1
        steps.append(check(path, family, said, resume=rng.random() < 0.5))
        if number % 10 == 9 or number == count - 1:
            heard(*fork(lambda say, path=path, family=family: compare(path, family)))
    return {"kills": count, "steps": max(steps), **during}


def compare(path, family):
    """The run, killed many times, has the weights of one that never was."""
    run = Run.open(path)
    saved = run.load_checkpoint()
    last = (saved.step if saved else 0) + 2
    drive(spec_of(family, steps=last), run)
    straight = path.with_name(f"{path.name}-straight")
    drive(spec_of(family, steps=last), straight)
    for part in ("weights", "ema", "training"):
        survived, never = (getattr(Run.open(p).load_checkpoint(), part) or {} for p in (path, straight))
        assert digest(survived) == digest(never), part


def kill_at_each_operation(folder, family):
    """Die at operation 1, 2, 3 ... after the third checkpoint, until the fourth is whole and pruned."""
    number = 0
    while True:
        number += 1
        path = folder / f"{family}{number}"
        said, killed = heard(*fork(training(path, family, atomic.Faults(f"any:{number}:KILL"))))
        assert killed
        told = [s["saved"] for s in said if "saved" in s]
        check(path, family, said, resume=True)
        if told[-1] >= 4 * INTERVAL:
            return {"operations": number}


def main(mode, folder, *rest):
    torch.set_num_threads(1)
    folder = Path(folder)
    drive(spec_of(steps=2), folder / "warm")  # imports what a first step imports
    threads = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("Threads"))
    assert threads.split()[1] == "1", threads
    run = {"random": kill_at_random, "sweep": kill_at_each_operation}[mode]
    arguments = [int(r) if r.isdecimal() else r for r in rest]
    print(json.dumps(run(folder, *arguments)))


if __name__ == "__main__":
    main(*sys.argv[1:])
