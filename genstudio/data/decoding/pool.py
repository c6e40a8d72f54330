"""The parent's side of decoding: hands out work, watches the time of each item, outlives whatever a child does."""

from __future__ import annotations

import contextlib
import dataclasses
import os
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from genstudio.core.errors import WorkError
from genstudio.data.decoding import DONE, READY, SHORT_OF_MEMORY, Facts, Refused, pack_blob
from genstudio.data.decoding.child import NO_SENSE, Child, answer_of, check_begun
from genstudio.data.decoding.round import BATCH, TICK, Job, Mark, Round, Slot
from genstudio.data.items import Blob, Watch

if TYPE_CHECKING:
    from genstudio.data.audio import Audio
    from genstudio.data.image import Image

__all__ = ["Decoders", "Facts", "Refused"]

MEMORY = 3 << 29  # bytes of address space of one child: a WEBP of 64 megapixels takes nearly all of it
_START = 20.0  # seconds that starting a child or opening an archive may take
_TOLD = 0.1  # seconds between two calls of `watch`


class Decoders:
    """Child processes that read, probe and decode files; used with ``with``, from one thread at a time.

    What is answered does not depend on their number. A file whose reading crashes a child or takes too much memory
    is tried once more in a fresh child and then refused, so that a child that is killed by somebody else costs
    nothing.

    Parameters
    ----------
    workers : int or None
        Children at most; None for one per core, at most 8. They are started when there is work.
    seconds : float
        Time of one processor that reading one file may take; three times as long by the clock, if the machine is
        busy or the file does not come.
    memory : int
        Bytes of address space that one child may take (POSIX); 0 for any number.
    """

    def __init__(self, workers: int | None = None, seconds: float = 5.0, memory: int = MEMORY) -> None:
        count = max(1, workers if workers is not None else min(8, os.cpu_count() or 1))
        self._seconds, self._memory = seconds, memory
        self._slots = [Slot(number) for number in range(count)]
        self._closed = False

    def __enter__(self) -> Decoders:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def close(self) -> None:
        """End all children and wait for them."""
        self._closed = True
        for slot in self._slots:
            slot.kill()
        for slot in self._slots:
            slot.end()

    def probe(self, blobs: Sequence[Blob], watch: Watch) -> list[Facts | Refused]:
        """What kind of file each is and what its header says.

        Raises
        ------
        WorkError
            When no child can be started.
        Cancelled
            When `watch` raises it; all children have ended then. So it is with the other methods.
        """
        return self._run(Job("probe", "looking at files", blobs), watch)

    def decode_images(self, blobs: Sequence[Blob], image: Image, out: Path, watch: Watch) -> list[Refused | None]:
        """Write picture i to row i of `out`, a .npy file of uint8 [N, H, W, C]; nothing for refused ones.

        Raises
        ------
        WorkError
            When `out` cannot be written, or no child can be started.
        """
        place = _layout(out, (len(blobs), image.height, image.width, image.channels), np.dtype(np.uint8))
        return self._run(Job("images", "decoding pictures", blobs, dataclasses.asdict(image), place), watch)

    def decode_sounds(self, blobs: Sequence[Blob], audio: Audio, out: Path, watch: Watch) -> list[int | Refused]:
        """Write sound i to row i of `out`, a .npy file of int16 [N, T]; answers its samples before the silence.

        Raises
        ------
        WorkError
            As `decode_images`.
        """
        place = _layout(out, (len(blobs), audio.length), np.dtype(np.int16))
        job = Job("sounds", "decoding sounds", blobs, dataclasses.asdict(audio), place, audio.length)
        return self._run(job, watch)

    def read_texts(self, blobs: Sequence[Blob], watch: Watch) -> list[str | Refused]:
        """The text of each file."""
        return self._run(Job("texts", "reading texts", blobs), watch)

    # --- the caller's thread -------------------------------------------------------------------------

    def _run(self, job: Job, watch: Watch) -> list[Any]:
        assert not self._closed, "used after it was closed"
        if not job.blobs:
            return []
        slots = self._slots[: -(-len(job.blobs) // BATCH)]
        work = Round(job, len(slots))
        threads = [
            threading.Thread(target=self._work, args=(slot, work), name=f"decoding {slot.number}", daemon=True)
            for slot in slots
        ]
        try:
            for thread in threads:
                thread.start()
            self._follow(slots, work, watch)
        except BaseException:
            work.stopped = True
            for slot in slots:
                slot.kill()
            raise
        finally:
            for slot, thread in zip(slots, threads, strict=True):
                if thread.ident is not None:
                    thread.join(2.0)  # longer only where the system hangs; the thread is a daemon then
                if work.stopped and not thread.is_alive():
                    slot.end()
        if work.done < len(job.blobs):
            raise work.failure or WorkError("Files could not be read: all processes for it ended.")
        return work.answers

    def _follow(self, slots: Sequence[Slot], work: Round, watch: Watch) -> None:
        """Tell of progress and end children that take too long, until all threads have ended."""
        total = len(work.job.blobs)
        watch(work.job.what, 0, total)
        before = told = time.monotonic()
        while not work.finished.wait(TICK):
            now = time.monotonic()
            # a longer gap is no time that the children had: this computer slept, or was busy with other things
            work.clock += min(now - before, 4 * TICK)
            before = now
            for slot in slots:
                slot.check_time(work.clock)
            if now - told >= _TOLD:
                told = now
                watch(work.job.what, work.done, total)
        watch(work.job.what, work.done, total)

    # --- one thread per child ------------------------------------------------------------------------

    def _work(self, slot: Slot, work: Round) -> None:
        own: Sequence[int] = ()  # an item whose reading ended a child is tried again in the fresh one
        try:
            while batch := own or work.take():
                own = ()
                if slot.child is None and not self._start(slot, work):
                    work.give_back(batch)
                    return
                left = self._serve(slot, work, batch)
                if left and not work.stopped:
                    own = self._bury(slot, work, left)
        except Exception as error:
            work.fail(error, stop=True)
        finally:
            if work.stopped:
                slot.kill()
            slot.mark = None
            work.leave()

    def _start(self, slot: Slot, work: Round) -> bool:
        """Start a child and hear from it, in two attempts."""
        reason = "it ended before it was ready"
        for _ in range(2):
            try:
                slot.child = Child(self._memory)
            except OSError as error:
                reason = error.strerror or str(error)
                continue
            slot.mark = Mark(-1, work.clock, _START)
            if work.stopped:  # and whoever stopped it may have seen no child yet
                return False
            with contextlib.suppress(*NO_SENSE):
                if slot.child.hear() == READY:
                    return True
            slot.end()
        work.fail(
            WorkError(f"Files cannot be read: no process could be started for it ({reason}). Close other programs."),
            stop=False,
        )
        return False

    def _serve(self, slot: Slot, work: Round, batch: Sequence[int]) -> Sequence[int]:
        """Have a batch done; returns the items that are left when the child died, of which it was at the first."""
        job, child, at = work.job, slot.child, 0
        assert child is not None
        items = [[i, pack_blob(job.blobs[i])] for i in batch]
        try:
            slot.mark = Mark(batch[0], work.clock, _START)
            child.say({"task": job.task, "form": job.form, "out": job.out, "items": items, "seconds": self._seconds})
            check_begun(child)
            for item in batch:
                slot.mark = Mark(item, work.clock, self._seconds)
                work.answer(item, answer_of(child, job.task, job.length))
                at += 1
            if child.hear() != DONE:
                raise ValueError("not done")
        except WorkError as error:
            path = (job.out or {}).get("path", "")
            work.fail(WorkError(f"Decoded data cannot be written to “{path}”: {error}."), stop=True)
        except NO_SENSE:
            return batch[at:] if at < len(batch) else self._forget(slot)
        finally:
            slot.mark = None
        return ()

    def _forget(self, slot: Slot) -> Sequence[int]:
        """A child that died when all was done."""
        slot.kill()
        slot.end()
        return ()

    def _bury(self, slot: Slot, work: Round, left: Sequence[int]) -> Sequence[int]:
        """Refuse or suspect the item that a child died of; returns it when it is to be tried again."""
        status = slot.end()
        item, overdue = left[0], slot.overdue
        slot.overdue = None
        work.give_back(left[1:])
        if overdue is not None and overdue.item == item:
            work.answer(item, Refused(f"took longer than {self._seconds:g} s to read"))
        elif item in work.suspects:
            short = status == SHORT_OF_MEMORY
            work.answer(item, Refused("needs too much memory to read" if short else "crashed the decoder"))
        else:
            work.suspects.add(item)
            return [item]
        return ()


def _layout(out: Path, shape: tuple[int, ...], dtype: np.dtype[Any]) -> dict[str, Any]:
    """Where the rows of a .npy file lie, for children that must not map all of it into their memory."""
    try:
        array = np.load(out, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise WorkError(f"“{out}” cannot be read: {error.strerror or error}.") from None
    assert array.shape == shape, f"{array.shape} instead of {shape}"
    assert array.dtype == dtype
    return {"path": str(out), "offset": int(array.offset), "row": array[:1].nbytes}
