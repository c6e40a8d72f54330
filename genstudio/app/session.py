"""What the window works on: the run that is open, the job that trains it, and what may be done to it now."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from PySide6.QtCore import QObject, Signal

from genstudio.app.job import Events, Job
from genstudio.app.work import Work
from genstudio.core.errors import InputError
from genstudio.core.events import Event, Preparing
from genstudio.core.mailbox import PACE, Mailbox
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.data.items import Watch
from genstudio.engine.names import remove_if_empty
from genstudio.engine.review import Review, review

_SINGLE = 1.0  # seconds: how slow single steps are to the engine, which then tells and draws each of them
Phase = Literal["empty", "idle", "starting", "training", "paused", "stopping"]


class Session(QObject):
    """One open run and at most one job.

    Signals
    -------
    phase_changed(str)
        A `Phase`: "empty" without a run, "idle" with one that is not training.
    events(list)
        Engine events of the current job, in batches.
    opened(Review)
        A run that is not training was opened.
    began(Path)
        A job was started for the run at that path.
    ended(str, str, str)
        State, sentence and traceback of the job that ended.
    discarded(Path)
        The run was moved to the bin.
    """

    phase_changed = Signal(str)
    events = Signal(list)
    opened = Signal(object)
    began = Signal(object)
    ended = Signal(str, str, str)
    discarded = Signal(object)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.work = Work(self)
        self.phase: Phase = "empty"
        self.path: Path | None = None
        self.mailbox = Mailbox()
        self._job: Job | None = None
        self._discarding = False
        self._pace = 0.0  # seconds a step; 0: as fast as it goes

    @property
    def running(self) -> bool:
        """True from the press on Train until the last byte is saved."""
        return self._job is not None

    @property
    def discarding(self) -> bool:
        """True from "Discard it" until the next training: the run is on its way to the bin."""
        return self._discarding

    # --- starting ------------------------------------------------------------------------------------

    def train(self, spec: RunSpec, path: Path, new: bool = True) -> None:
        """Begin a new run in `path`, an empty or missing folder, or go on with the one that is there.

        Raises
        ------
        InputError
            When a job is running.
        """
        self._check_idle()
        self._begin(spec, path, new)

    def go_on(self, spec: RunSpec, training: TrainingConfig) -> None:
        """Go on with the open run; raises `InputError` when there is none or a job is running."""
        self._check_idle()
        if self.path is None:
            raise InputError("There is no run to go on with: open one first.")
        self._begin(spec.model_copy(update={"training": training}), self.path, new=False)

    def _begin(self, spec: RunSpec, path: Path, new: bool) -> None:
        mailbox = self.mailbox = Mailbox()

        def make_events(watch: Watch) -> Events:
            from genstudio.engine.finish import train_and_fit
            from genstudio.engine.run import Run

            return train_and_fit(spec, Run.create(path) if new else Run.open(path), mailbox, watch)

        job = Job(make_events, mailbox.lookout.serve)
        job.ready.connect(self._deliver)
        job.ended.connect(self._finish)
        self._job, self.path, self._discarding = job, path, False
        self._leave_pace()
        self._enter("starting")
        self.began.emit(path)
        job.start()

    def _check_idle(self) -> None:
        if self._job is not None:
            raise InputError("A training is running: stop it first.")

    # --- while it runs -------------------------------------------------------------------------------

    def pause(self) -> None:
        """Freeze the job before its next step; nothing is unloaded."""
        if self._job and self.phase == "training":
            self._job.pause()
            self._enter("paused")

    def resume(self) -> None:
        """Let a paused job go on."""
        if self._job and self.phase == "paused":
            self._leave_pace()
            self._job.resume()
            self._enter("training")

    def step(self) -> None:
        """Let the job take exactly one step, show it and wait."""
        if self._job and self.phase in ("training", "paused"):
            self.mailbox.put(PACE, max(self._pace, _SINGLE))
            self._job.take_one_step()
            self._enter("paused")

    def set_speed(self, steps_per_second: float) -> None:
        """How many steps the job may take in a second, now and in trainings to come; 0: as many as it can."""
        self._pace = 1 / steps_per_second if steps_per_second else 0.0
        if self._job and self.phase != "paused":  # one that is paused may be in the middle of a single step
            self._leave_pace()

    def _leave_pace(self) -> None:
        if self._job:
            self.mailbox.put(PACE, self._pace)
            self._job.set_pace(self._pace)

    def toggle(self) -> None:
        """Pause, or go on."""
        (self.resume if self.phase == "paused" else self.pause)()

    def stop(self, discard: bool = False) -> None:
        """Ask the job to stop and save; with `discard` the run is moved to the bin afterwards."""
        if self._job:
            self._discarding = self._discarding or discard
            self._job.stop()
            self._enter("stopping")

    def edit(self, name: str, value: Any) -> None:
        """Change a live knob of the running job."""
        if self._job:
            self.mailbox.put(name, value)

    def look(self) -> Any:
        """Ask the running job for a copy of its model; gives the newest one there is (`Trained`), or None."""
        if self._job is None:
            return None
        self.mailbox.lookout.ask()
        self._job.nudge()
        return self.mailbox.lookout.newest()

    def _deliver(self) -> None:
        job = self._job
        if job is None or job is not self.sender():  # a late word of a job that has ended
            return
        events: list[Event] = job.collect()
        if self.phase == "starting" and any(not isinstance(event, Preparing) for event in events):
            self._enter("training")
        if events:
            self.events.emit(events)

    def _finish(self, state: str, text: str, detail: str) -> None:
        job = self._job
        if job is None or job is not self.sender():
            return
        events = job.collect()
        if events:
            self.events.emit(events)
        job.wait()
        self._job = None
        path, discarding = self.path, self._discarding
        if path is not None and not any(path.glob("run.json")):
            remove_if_empty(path)  # it failed before there was anything to keep
            self.path = None
        self._enter("idle" if self.path else "empty")
        self.ended.emit(state, text, detail)
        if discarding and path is not None and path == self.path:
            self.work.start(f"bin {path}", lambda: move_to_bin(path), self._binned, lambda e: self._keep(path, e))

    # --- other runs ----------------------------------------------------------------------------------

    def open(self, path: Path) -> None:
        """Show a run that is not training here; the answer is `opened`, or a problem of `work`."""
        if self.running:
            self.work.problem.emit(InputError("A training is running: stop it before you open another run."))
            return
        self.work.start("open", lambda: review(path), self._show)

    def bin(self, path: Path) -> None:
        """Move a run to the system's bin; raises nothing, problems come by `work`."""
        if self.running and path == self.path:
            self.work.problem.emit(InputError("This run is training: stop it before you delete it."))
            return
        self.work.start(f"bin {path}", lambda: move_to_bin(path), self._binned)

    def close(self) -> bool:
        """Stop and save, and wait for it: after this no thread runs, or only one that hangs (False)."""
        job = self._job
        if job is not None:
            job.ready.disconnect(self._deliver)
            job.ended.disconnect(self._finish)
            job.stop()
            job.wait()
            self._job = None
        return self.work.wait()

    def _show(self, found: Review) -> None:
        if self.running:
            return
        self.path = found.path
        self._enter("idle")
        self.opened.emit(found)

    def _binned(self, path: Path) -> None:
        if not self.running:  # else a new run has begun meanwhile, perhaps under the same name
            self._discarding = False
            if path == self.path:
                self.path = None
                self._enter("empty")
        self.discarded.emit(path)

    def _keep(self, path: Path, error: BaseException) -> None:
        """The bin would not have the run: say why, and show it as it is."""
        self.work.problem.emit(error)
        if not self.running:
            self._discarding = False
            if path == self.path:
                self.open(path)

    def _enter(self, phase: Phase) -> None:
        if phase != self.phase:
            self.phase = phase
            self.phase_changed.emit(phase)


def move_to_bin(path: Path) -> Path:
    """Move a run folder to the system's bin and return its path.

    Raises
    ------
    InputError
        When it is in use or the system has no bin for that place; nothing is deleted then.
    """
    from send2trash import send2trash
    from send2trash.exceptions import TrashPermissionError

    from genstudio.engine.run import Run

    if Run.open(path).in_use():
        raise InputError(f"The run “{path.name}” is being trained by another program: stop it there first.")
    try:
        send2trash(path)
    except (OSError, TrashPermissionError) as error:
        raise InputError(f"“{path}” could not be moved to the bin ({error}): delete the folder by hand.") from None
    return path
