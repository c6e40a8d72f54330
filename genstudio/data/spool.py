"""Bytes that come out of a table, put aside in one file so that memory stays flat."""

from __future__ import annotations

import contextlib
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from genstudio.core.errors import InputError, WorkError
from genstudio.data.items import Blob


class Spool:
    """A file into which bytes are written one after another; made with the first, removed after an error.

    Parameters
    ----------
    most : int
        Bytes that it may hold: a small file can say the same large thing a million times.

    Raises
    ------
    InputError
        When more than `most` is added.
    WorkError
        When the disk is full or the place cannot be written.
    """

    def __init__(self, path: Path, most: int = 1 << 40) -> None:
        self.path, self.used, self._most = path, False, most
        self._file: IO[bytes] | None = None
        self._end = 0

    def add(self, data: bytes) -> Blob:
        """Write `data`; where it lies."""
        if self._end + len(data) > self._most:
            raise InputError(
                f"The table unpacks to more than {self._most / 1e9:,.0f} GB, hundreds of times its size, as only a "
                "trap does."
            )
        try:
            if self._file is None:
                self._file = self.path.open("wb")
                self.used = True
            self._file.write(data)
        except OSError as error:
            raise self._failed(error) from None
        start, self._end = self._end, self._end + len(data)
        return Blob(str(self.path), start=start, size=len(data))

    def _failed(self, error: OSError) -> WorkError:
        return WorkError(
            f"What is inside the table cannot be put aside in “{self.path.parent}”: {error.strerror or error}. "
            "Free some space there."
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None
    ) -> None:
        failure: OSError | None = None
        if self._file is not None:
            try:
                self._file.close()  # the last bytes are written here
            except OSError as full:
                failure = full
        if self.used and (kind is not None or failure is not None):
            with contextlib.suppress(OSError):
                self.path.unlink(missing_ok=True)
        if failure is not None and kind is None:
            raise self._failed(failure)
