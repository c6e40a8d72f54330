"""The loop: training as a generator of events.

Whoever iterates it is the user interface. Not iterating is a pause, closing it stops and saves.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator

from genstudio.core.events import Event, Finished, Note, State, Stepped
from genstudio.core.mailbox import Mailbox
from genstudio.core.spec import RunSpec
from genstudio.data.items import Watch, unwatched
from genstudio.engine import edits
from genstudio.engine.run import Run
from genstudio.engine.snapshot import snapshot
from genstudio.engine.trainer import Trainer


def train(spec: RunSpec, run: Run, mailbox: Mailbox, watch: Watch = unwatched) -> Generator[Event]:
    """Train, or go on with a run that has checkpoints, exactly where the newest one stands.

    Parameters
    ----------
    spec : RunSpec
        What to train and how long; when going on, family, data and knobs come from the run itself.
    run : Run
        Where everything is kept; held exclusively while the generator lives.
    mailbox : Mailbox
        Live edits by knob name; each lands on a step boundary. Its lookout gives copies of the model.
    watch : Watch
        Told how far the preparation of the data is, before the first event; may raise `Cancelled`.

    Yields
    ------
    Event
        At about 30 Hz, more often only when something happens. Closing the generator at any of them saves a
        checkpoint, so that stop keeps everything.

    Raises
    ------
    InputError
        When data, knobs or folder are not usable; nothing was changed then.
    Cancelled
        When `watch` raised it; nothing was changed either.
    WorkError
        When training diverged or its end could not be saved; the message says what is kept.
    """
    with run.locked():
        trainer = Trainer(spec, run, watch)
        state: State = "failed"
        try:
            for event in _steps(trainer, mailbox):
                trainer.watch.pause()
                yield event
                trainer.watch.go()
            state = "finished"
        except GeneratorExit:
            state = "stopped"
            raise
        except KeyboardInterrupt:
            state = "interrupted"
            raise
        except (MemoryError, RuntimeError) as error:
            raise trainer.explained(error) from None
        finally:
            mailbox.lookout.close()
            trainer.close(state)
        yield Finished(trainer.step, trainer.watch.seconds, state)


def _steps(trainer: Trainer, mailbox: Mailbox) -> Iterator[Event]:
    """Everything between the first event and the last checkpoint."""
    mailbox.lookout.open(lambda: snapshot(trainer))
    yield trainer.started()
    for text in trainer.run.notes:
        yield Note(trainer.step, text)
    yield from trainer.galleries()
    while not trainer.done():
        yield from edits.apply_all(trainer, mailbox.take())
        mailbox.lookout.serve()
        trainer.take_step()
        yield from trainer.news()
        if trainer.guard.due():
            yield from trainer.guard.check()
        if trainer.report_due():
            yield from trainer.report()
        if trainer.looks.due():
            yield from trainer.report()
            yield from trainer.looks.look()
        if trainer.galleries_due():
            yield from trainer.galleries()
        if trainer.checkpoint_due():
            yield from trainer.report()
            yield from trainer.save()
        if trainer.plan.pace > 0:
            yield Stepped(trainer.step)
    yield from trainer.report(flush=True)
    yield from trainer.galleries()
    yield from trainer.save(last=True)
