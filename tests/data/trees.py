"""Folders and zip archives made by hand, and what is listed of them."""

import struct
import zipfile
import zlib

from genstudio.core.data_config import DataConfig
from genstudio.data import archives, folders
from genstudio.data.items import unwatched

PNG = b"\x89PNG\r\n\x1a\n" + bytes(range(200))
WAV = b"RIFF\x24\0\0\0WAVEfmt " + b"0" * 40


def look(path, watch=unwatched, **settings):
    """The listing of a folder or an archive."""
    reader = folders if path.is_dir() else archives
    return reader.listing(path, str(path), DataConfig(**settings), watch)


def names(listing):
    return [item.name for item in listing.items]


def reasons(listing):
    return {each.file: each.reason for each in listing.rejected}


def fill(root, files):
    """Write {name: bytes or text} below `root`."""
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data.encode() if isinstance(data, str) else data)
    return root


def record(raw, data=PNG, **other):
    """(local header with its data, central record without the place) as the format has them."""
    fact = {
        "flags": 0x800,
        "method": 0,
        "size": len(data),
        "packed": len(data),
        "mode": 0o100644,
        "extra": b"",
    } | other
    common = struct.pack(
        "<5H3I", 20, fact["flags"], fact["method"], 0, 33, zlib.crc32(data), fact["packed"], fact["size"]
    )
    local = b"PK\3\4" + common + struct.pack("<2H", len(raw), 0) + raw + data
    rest = struct.pack("<5HI", len(raw), len(fact["extra"]), 0, 0, 0, fact["mode"] << 16)
    return local, (b"PK\1\2\x14\3" + common + rest, raw + fact["extra"])


def write(path, *records, count=None, before=b"", comment=b""):
    """An archive of these records, whatever they claim."""
    body, directory = before, b""
    for local, (head, tail) in records:
        directory += head + struct.pack("<I", len(body) - len(before)) + tail
        body += local
    count = len(records) if count is None else count
    end = struct.pack(
        "<4s4H2IH", b"PK\5\6", 0, 0, count, count, len(directory), len(body) - len(before), len(comment)
    )
    path.write_bytes(body + directory + end + comment)
    return path


def plain(path, members, method=zipfile.ZIP_DEFLATED):
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return path
