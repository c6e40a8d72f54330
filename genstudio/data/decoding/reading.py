"""The bytes of one item: from a plain file, a part of one, or a member of an archive, never more than fit."""

from __future__ import annotations

import lzma
import os
import stat
import struct
import zipfile
import zlib
from typing import IO

from genstudio.core.errors import InputError
from genstudio.data.decoding import LIMIT
from genstudio.data.items import Blob

_PACKINGS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)
_BROKEN = (zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError, struct.error, ValueError, KeyError, IndexError)


class Reader:
    """Bytes of blobs; the last archive stays open."""

    def __init__(self) -> None:
        self._path = ""
        self._file: IO[bytes] | None = None
        self._archive: zipfile.ZipFile | None = None

    def read(self, blob: Blob) -> bytes:
        """All bytes of a blob, at most 256 MB.

        Raises
        ------
        InputError
            A reason that goes on from the file's name.
        """
        try:
            if blob.member:
                return self._member(blob)
            with _plain(blob.path) as file:
                return _range(file, blob)
        except InputError:
            raise
        except _BROKEN:
            where = "it is damaged in its archive" if blob.member else "it has a name that cannot be used"
            raise InputError(where) from None
        except OSError as error:
            raise InputError(f"it cannot be read ({error.strerror or 'the disk failed'})") from None

    def open_archive(self, path: str) -> zipfile.ZipFile:
        """The archive at `path`, which is read from until another one is asked for."""
        if self._archive is None or path != self._path:
            self.close()
            self._file = _plain(path)
            self._archive, self._path = zipfile.ZipFile(self._file), path
        return self._archive

    def close(self) -> None:
        """Let go of the archive."""
        for thing in (self._archive, self._file):
            if thing is not None:
                thing.close()
        self._file = self._archive = None

    def _member(self, blob: Blob) -> bytes:
        try:
            info = self.open_archive(blob.path).getinfo(blob.member)
        except KeyError:
            raise InputError("it is no longer in its archive") from None
        if info.flag_bits & 1:
            raise InputError("it is locked with a password: unpack the archive first")
        if info.compress_type not in _PACKINGS:
            raise InputError("it is packed in a way that is not read: unpack the archive first")
        parts, size = [], 0
        with self.open_archive(blob.path).open(info) as file:
            # what the archive says of its size may be a lie
            while chunk := file.read(1 << 20):
                size += len(chunk)
                _check_size(size)
                parts.append(chunk)
        return b"".join(parts)


def _plain(path: str) -> IO[bytes]:
    """Open a plain file and nothing else: a named pipe or a device could be waited for without end."""
    if not stat.S_ISREG(os.stat(path).st_mode):  # noqa: PTH116 - names that are not Unicode pass through as they are
        raise InputError("it is not a plain file")
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
    handle = os.open(path, flags)
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # it was exchanged in between
        os.close(handle)
        raise InputError("it is not a plain file")
    return os.fdopen(handle, "rb")


def _range(file: IO[bytes], blob: Blob) -> bytes:
    if blob.start < 0:
        size = os.fstat(file.fileno()).st_size
        _check_size(size)
        return file.read(size)
    _check_size(blob.size)
    file.seek(blob.start)
    data = file.read(max(0, blob.size))
    if len(data) < blob.size:
        raise InputError("it is cut short")
    return data


def _check_size(size: int) -> None:
    if size > LIMIT:
        raise InputError(f"it is too large (over {size >> 20:,} MB, the limit is {LIMIT >> 20})")
