"""The child process: reads, probes and decodes one file after the other as its parent asks.

It stays small and quick to start (no torch; nothing before it is needed), bounds its own memory, and ends when its
parent does.
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from genstudio.core.errors import InputError
from genstudio.data.decoding import BEGUN, DONE, READY, SHORT_OF_MEMORY, Facts, receive, send, unpack_blob
from genstudio.data.decoding.reading import Reader
from genstudio.data.items import Blob
from genstudio.data.sniff import HEAD, explain, kind_of, sniff

_REQUEST_LIMIT = 64 << 20
_MARGIN = 60.0  # seconds beyond the time of all items of a batch; only one whose parent is gone takes so long
_SOUNDS = (".wav", ".flac", ".ogg", ".oga", ".mp3", ".aif", ".aiff")


class _DiskError(Exception):
    """The array that decoded rows go to cannot be written: nobody's file is at fault."""


class Worker:
    """Answers requests until the parent closes the pipe."""

    def __init__(self, source: IO[bytes], sink: IO[bytes]) -> None:
        self._source, self._sink, self._reader = source, sink, Reader()

    def serve(self) -> None:
        """Take batches of work; each item is answered before the next is touched."""
        self._say(READY)
        while True:
            try:
                request = json.loads(receive(self._source, _REQUEST_LIMIT))
            except EOFError:
                return
            items = request["items"]
            # an item that hangs is ended by the parent; where the parent is gone nobody else would do it
            faulthandler.dump_traceback_later(request["seconds"] * len(items) + _MARGIN, exit=True, file=sys.stderr)
            try:
                self._batch(request)
            except _DiskError as error:
                self._say({"disk": str(error)})
            faulthandler.cancel_dump_traceback_later()

    def _batch(self, request: dict[str, Any]) -> None:
        task, form = request["task"], request["form"]
        blobs = [(int(row), unpack_blob(packed)) for row, packed in request["items"]]
        target = _prepare(task, form, [blob.member or blob.path for _, blob in blobs])
        self._open_ahead(blobs[0][1])
        with _rows(request["out"]) as out:
            self._say(BEGUN)
            for row, blob in blobs:
                answer, text = self._answer(task, blob, row, target, out)
                self._say(answer)
                if text is not None:
                    send(self._sink, text)
        self._say(DONE)  # nothing of the array is open any more

    def _open_ahead(self, blob: Blob) -> None:
        """Open an archive before the time of the first item runs; what is wrong with it is said item by item."""
        if blob.member:
            with contextlib.suppress(Exception):
                self._reader.open_archive(blob.path)

    def _answer(
        self, task: str, blob: Blob, row: int, target: Any, out: IO[bytes] | None
    ) -> tuple[dict[str, Any], bytes | None]:
        name = blob.member or Path(blob.path).name
        try:
            data = self._reader.read(blob)
            if task == "probe":
                facts = _probe(data, name)
                return {"ok": {field: getattr(facts, field) for field in Facts.__slots__}}, None
            if task == "texts":
                return {"ok": None}, _text(data).encode("utf-8", "replace")
            pixels = target.decode(data, name)
            array, value = (pixels, None) if task == "images" else pixels
        except MemoryError:
            os._exit(SHORT_OF_MEMORY)
        except InputError as error:
            if isinstance(error.__cause__, MemoryError):
                os._exit(SHORT_OF_MEMORY)
            return {"no": str(error)}, None
        except Exception as error:  # whatever a decoder does with hostile bytes, it is one file that is refused
            return {"no": f"it cannot be read ({type(error).__name__})"}, None
        _write(out, row, array.tobytes())
        return {"ok": value}, None

    def _say(self, value: Any) -> None:
        send(self._sink, json.dumps(value).encode())


def _prepare(task: str, form: dict[str, Any] | None, names: list[str]) -> Any:
    """Import what a task seems to need before the time of its first item runs; returns what decodes."""
    if task == "images":
        from genstudio.data.image import Image

        return Image(**form or {})
    if task == "sounds":
        import soundfile

        from genstudio.data.audio import Audio

        return Audio(**form or {})
    if task == "probe" and any(name.lower().endswith(_SOUNDS) for name in names):
        import soundfile  # noqa: F401
    return None


def _probe(data: bytes, name: str) -> Facts:
    form = sniff(data[:HEAD], name)
    kind = kind_of(form)
    if kind == "image":
        from genstudio.data import image

        found = image.probe(data, name)
        return Facts(kind, found.width, found.height, found.grey, found.frames)
    if kind == "audio":
        from genstudio.data import audio

        sound = audio.probe(data, name)
        return Facts(kind, frames=sound.frames, rate=sound.rate, channels=sound.channels)
    if kind == "text":
        _text(data)
        return Facts(kind)
    raise InputError(f"it {explain(form, name)}")


def _text(data: bytes) -> str:
    from genstudio.data.text import read_text

    form = sniff(data[:HEAD])
    if kind_of(form) != "text" and form != "unknown":
        raise InputError(f"it {explain(form)}")
    return read_text(data)


@contextlib.contextmanager
def _rows(out: dict[str, Any] | None) -> Iterator[Any]:
    """The array file to write to, with the place of its first row."""
    if out is None:
        yield None
        return
    try:
        file = Path(out["path"]).open("r+b", buffering=0)  # noqa: SIM115 - errors while it is in use are not those of opening it
    except OSError as error:
        raise _DiskError(error.strerror or str(error)) from None
    try:
        yield file, int(out["offset"]), int(out["row"])
    finally:
        file.close()


def _write(out: Any, row: int, data: bytes) -> None:
    file, offset, size = out
    if len(data) != size:
        raise _DiskError(f"a row has {len(data):,} bytes instead of {size:,}")
    try:
        file.seek(offset + row * size)
        rest = memoryview(data)
        while rest:
            rest = rest[file.write(rest) :]
    except OSError as error:
        raise _DiskError(error.strerror or str(error)) from None


# --- starting -------------------------------------------------------------------------------------------


def main() -> None:
    """Entry point: one argument, the bytes of memory that may be taken (0 for any number)."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl+C is for the parent, which ends its children itself
    _bound(int(sys.argv[1]))
    # decoders of others may print: the pipes are ours alone
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nowhere = os.open(os.devnull, os.O_RDWR)
    os.dup2(nowhere, 0)
    os.dup2(nowhere, 1)
    os.close(nowhere)
    with contextlib.suppress(BrokenPipeError):
        Worker(source, sink).serve()
    os._exit(0)  # nothing of ours is left to do, and a decoder may hang while it is unloaded


def _bound(memory: int) -> None:
    """No core files, and no more memory than that; Windows knows neither."""
    if sys.platform == "win32":
        return
    import resource

    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if memory:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_AS, (memory, memory))


if __name__ == "__main__":
    main()
