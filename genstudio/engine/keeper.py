"""Keeps what a training produces; a disk that refuses is said once and never stops the training."""

from __future__ import annotations

import contextlib
import errno
import time
from collections.abc import Iterable, Iterator

from genstudio.core.config import Value
from genstudio.core.errors import WorkError
from genstudio.core.events import Advice, Edited, Field, Gallery, Note, Saved, Scalars, State
from genstudio.engine import field_file
from genstudio.engine.board import Board
from genstudio.engine.checkpoint import Checkpoint
from genstudio.engine.players import all_finite
from genstudio.engine.run import Run, free_bytes

_ATTEMPTS = 3  # for what is written last: a sleeping or filling disk may need a moment


class Keeper:
    """Writes logs, pictures and checkpoints of one run.

    Logs that the disk refuses wait in memory; pictures are lost; a checkpoint is tried again when the next is due.
    """

    def __init__(self, run: Run) -> None:
        self._run = run
        self._board = Board(run.path / "tensorboard")
        self._field: Field | None = None  # drawn many times a second: written with checkpoints only
        self._trouble: OSError | None = None
        self._told = False

    def scalars(self, event: Scalars) -> None:
        """Append to ``metrics.jsonl`` and the TensorBoard files."""
        self._run.metrics.scalars(event)
        with self._noticing():
            self._run.metrics.flush()
            self._board.scalars(event)

    def galleries(self, drawn: Iterable[Gallery | Field]) -> None:
        """Keep pictures of one step, or its field until the next checkpoint."""
        with self._noticing():
            for one in drawn:
                if isinstance(one, Field):
                    self._field = one
                else:
                    self._run.save_gallery(one)
                    self._board.gallery(one)

    def mark(self, event: Edited | Advice | Note, seconds: float) -> None:
        """Log something that is shown on the curve."""
        self._run.metrics.mark(event, seconds)

    def trouble(self, step: int) -> Iterator[Note]:
        """The first refusal of the disk since the last success, in words."""
        if self._trouble is not None and not self._told:
            self._told = True
            yield Note(step, self._unsaved(step, self._trouble) + " Training goes on and saving is tried again.")

    def checkpoint(self, checkpoint: Checkpoint, losses: dict[str, float]) -> Saved | None:
        """Publish a checkpoint; None when the disk refused, which `trouble` then tells.

        Raises
        ------
        WorkError
            When the weights are not finite: such a checkpoint must never replace a good one.
        """
        self._refuse_non_finite(checkpoint)
        self._run.remember_losses(losses)
        with self._noticing():
            path = self._run.save_checkpoint(checkpoint)
            self._keep_field()
            self._trouble, self._told = None, False
            return Saved(checkpoint.step, str(path))
        return None

    def _keep_field(self) -> None:
        if self._field is not None:
            with contextlib.suppress(OSError):  # a comfort: the checkpoint is what counts
                field_file.save(self._run.path, self._field)

    def last_checkpoint(self, checkpoint: Checkpoint, losses: dict[str, float]) -> Saved:
        """Publish the checkpoint that ends a session; raises `WorkError` when it cannot be written."""
        for attempt in range(_ATTEMPTS):
            time.sleep(attempt * 0.5)
            if saved := self.checkpoint(checkpoint, losses):
                return saved
        assert self._trouble is not None
        raise WorkError(self._unsaved(checkpoint.step, self._trouble)) from self._trouble

    def close(self, state: State, step: int, knobs: dict[str, Value]) -> None:
        """Write the final state and close the logs; raises `WorkError` when the state cannot be written.

        Knobs that were edited after the checkpoint of the very last step are kept in ``run.json``.
        """
        document = self._run.document
        edited = {"knobs": knobs} if document is not None and document.step == step else {}
        try:
            for attempt in range(_ATTEMPTS):
                time.sleep(attempt * 0.5)
                with self._noticing():
                    self._run.write_document(state=state, **edited)
                    return
            assert self._trouble is not None
            raise WorkError(self._unsaved(step, self._trouble)) from self._trouble
        finally:
            self._run.metrics.close()
            with contextlib.suppress(OSError):
                self._board.close()

    @contextlib.contextmanager
    def _noticing(self) -> Iterator[None]:
        """Swallow an OSError but remember it for `trouble`."""
        try:
            yield
        except OSError as error:
            self._trouble = error

    def _refuse_non_finite(self, checkpoint: Checkpoint) -> None:
        if all_finite({**checkpoint.weights, **checkpoint.training}):
            return
        kept = self._run.saved_step()
        raise WorkError(
            f"Training diverged before step {checkpoint.step:,}: its weights are not finite and were not saved. "
            + (f"The checkpoint of step {kept:,} is kept." if kept is not None else "Lower the learning rate.")
        )

    def _unsaved(self, step: int, error: OSError) -> str:
        free, saved = free_bytes(self._run.path), self._run.saved_step()
        if error.errno == errno.ENOSPC or (free is not None and free < 50 << 20):
            reason = "the disk is full: free some space"
        else:
            reason = f"{error.strerror or error}: check the drive"
        kept = f"The checkpoint of step {saved:,} is kept." if saved is not None else "Nothing is kept yet."
        return f"Step {step:,} could not be saved to “{self._run.path}”, {reason}. {kept}"
