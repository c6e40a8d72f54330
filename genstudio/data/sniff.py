"""What a file is, told from its first bytes: the suffix may say anything."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

from genstudio.data.items import Kind

#: Bytes from the start of a file that `sniff` looks at.
HEAD = 512

_PICTURES = ("png", "jpeg", "webp", "bmp", "tiff", "gif")
_SOUNDS = ("wav", "flac", "ogg", "mp3", "aiff")
_SUFFIXES = tuple(f".{form}" for form in (*_PICTURES, *_SOUNDS, "jpg", "tif", "aif", "oga", "txt"))
_NOUNS: dict[Kind, str] = {"image": "a picture", "audio": "a sound", "text": "a text"}
_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"GIF87a", "gif"),
    (b"GIF89a", "gif"),
    (b"II*\0", "tiff"),
    (b"MM\0*", "tiff"),
    (b"II+\0", "tiff"),  # with offsets of 64 bits
    (b"MM\0+", "tiff"),
    (b"fLaC", "flac"),
    (b"OggS", "ogg"),
    (b"ID3", "mp3"),
    (b"PK\3\4", "zip"),
    (b"PK\5\6", "zip"),  # without any member
    (b"\x1f\x8b", "gzip"),
    (b"PAR1", "parquet"),
    (b"\x93NUMPY", "npy"),
    (b"version https://git-lfs.github.com/", "lfs"),
    (b"%PDF-", "pdf"),
    (b"7z\xbc\xaf\x27\x1c", "packed"),
    (b"Rar!\x1a\x07", "packed"),
    (b"BZh", "packed"),
    (b"\xfd7zXZ\0", "packed"),
    (b"\x28\xb5\x2f\xfd", "packed"),
)
_TEXT_MARKS = (codecs.BOM_UTF8, codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE, codecs.BOM_UTF32_BE)
_IDX_TYPES = (0x08, 0x09, 0x0B, 0x0C, 0x0D, 0x0E)
_CONTROLS = bytes({*range(32)} - {*b"\t\n\r\f\b\x1b"}) + b"\x7f"
_PAGE = re.compile(rb"\s*(<!--.{0,200}?-->\s*)?<(!doctype\s+html|html|head|body)\b", re.I | re.S)
# protocols 0 and 1, which have no mark of their own: a list, a dictionary or a class from a module
_OLD_PICKLE = re.compile(rb"\([dl]p\d+\r?\n|[\]}]q\x00|c[A-Za-z_][\w.]*\r?\n[A-Za-z_]\w*\r?\n(\(|[pq]\d)")
_TORCH = re.compile(rb"PK\x03\x04.{26}[^\x00]{0,200}?data\.pkl", re.S)  # torch.save: an archive around a pickle

_EXPLAINED = {
    "empty": "is empty",
    "lfs": "is a Git LFS pointer, not the file itself: run “git lfs pull”",
    "html": "is a web page, not the file itself: download it again",
    "pickle": "contains code (pickle): not opened",
    "zip": "is an archive: open it as a source of its own, or unpack it",
    "gzip": "is packed (gzip): unpack it first",
    "packed": "is packed in a way that is not read: unpack it first",
    "parquet": "is a table: open it as a source of its own",
    "npy": "is an array: open it as a source of its own",
    "idx": "is an IDX file: open it as a source of its own",
    "heif": "is a HEIC picture, which is not read: save it as JPEG or PNG",
    "avif": "is an AVIF picture, which is not read: save it as JPEG or PNG",
    "svg": "is a drawing (SVG), which is not read: save it as PNG",
    "video": "is a video: save pictures of it, or its sound",
    "pdf": "is a PDF document: save what is in it as pictures or as text",
}


def sniff(head: bytes, name: str = "") -> str:
    """The format of a file.

    Parameters
    ----------
    head : bytes
        Its first bytes; no more than 512 are looked at.
    name : str
        Looked at only where nothing in the bytes speaks: MP3 frames may come after any number of strange bytes.

    Returns
    -------
    str
        One of "png", "jpeg", "webp", "bmp", "tiff", "gif"; "wav", "flac", "ogg", "mp3", "aiff"; "text"; or something
        that `explain` has words for, "empty" and "unknown" among them.
    """
    head = bytes(head[:HEAD])
    if not head:
        return "empty"
    found = next((form for start, form in _STARTS if head.startswith(start)), "") or _by_structure(head)
    if found == "zip" and _TORCH.match(head):
        return "pickle"
    if found == "npy" and b"'|O'" in head:  # an array of objects is a pickle
        return "pickle"
    if found:
        return found
    if _is_text(head):
        return _kind_of_text(head)
    return "mp3" if name.lower().endswith(".mp3") else "unknown"


def kind_of(form: str) -> Kind | None:
    """Whether a format is a picture, a sound or a text; None for anything else."""
    if form in _PICTURES:
        return "image"
    if form in _SOUNDS:
        return "audio"
    return "text" if form == "text" else None


def noun(kind: Kind) -> str:
    """ "a picture", "a sound" or "a text"."""
    return _NOUNS[kind]


def explain(form: str, name: str = "") -> str:
    """Why a file of that format cannot be used, as words that go on from its name: "is empty"."""
    kind = kind_of(form)
    if kind is not None:
        return f"is {noun(kind)} ({form.upper()})" if kind != "text" else "is a text"
    suffix = PurePath(name).suffix.lower()
    though = f", though it is called {suffix}" if suffix in _SUFFIXES else ""
    return _EXPLAINED.get(form, f"is neither a picture, a sound nor a text that can be read{though}")


def _by_structure(head: bytes) -> str:
    """Formats whose mark is not simply at the start; empty when it is none of them."""
    container = {
        (b"RIFF", b"WAVE"): "wav",
        (b"RIFX", b"WAVE"): "wav",
        (b"RIFF", b"WEBP"): "webp",
        (b"RIFF", b"AVI "): "video",
        (b"FORM", b"AIFF"): "aiff",
        (b"FORM", b"AIFC"): "aiff",
    }.get((head[:4], head[8:12]))
    if container:
        return container
    if head[4:8] == b"ftyp":
        brand = head[8:12]
        return "avif" if brand[:3] == b"avi" else "heif" if brand[:3] in (b"hei", b"hev", b"mif", b"msf") else "video"
    # the size of its header, which is one of a few, tells a BMP from a text that begins with BM
    if head[:2] == b"BM" and len(head) >= 18 and head[14] in (12, 40, 52, 56, 64, 108, 124) and not any(head[15:18]):
        return "bmp"
    if head[:2] == b"\0\0" and len(head) >= 4 and head[2] in _IDX_TYPES and 1 <= head[3] <= 8:
        return "idx"
    if (len(head) > 1 and head[0] == 0x80 and 2 <= head[1] <= 5) or _OLD_PICKLE.match(head):
        return "pickle"
    return "mp3" if _is_mpeg_frame(head) else ""


def _is_mpeg_frame(head: bytes) -> bool:
    """Whether it begins with the header of a frame of MPEG layer III: sync, bit rate and sampling rate in range.

    Asking for that layer leaves out the byte order mark of UTF-16, which looks like layer I.
    """
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE6 != 0xE2 or head[1] & 0x18 == 0x08:
        return False
    return 0 < head[2] >> 4 < 15 and head[2] & 0x0C != 0x0C


def _is_text(head: bytes) -> bool:
    """Whether it may be text in some encoding; whoever reads all of it knows for certain."""
    if head.startswith(_TEXT_MARKS):
        return True
    if head.translate(None, _CONTROLS) == head:
        return True
    half = len(head) // 2  # UTF-16 without a mark: every other byte is zero
    zeros = sorted((head[0::2].count(0), head[1::2].count(0)))
    if half >= 8 and zeros[1] > 0.7 * half and zeros[0] < 0.05 * half:
        return True
    # a few stray control characters are left out when the text is read
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return len(head) - len(head.translate(None, _CONTROLS)) <= 0.01 * len(head)


def _kind_of_text(head: bytes) -> str:
    plain = head.removeprefix(codecs.BOM_UTF8)
    if _PAGE.match(plain):
        return "html"
    return "svg" if plain.lstrip().startswith(b"<") and re.search(rb"<svg\b", plain) else "text"
