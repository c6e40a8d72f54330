"""Files of strangers are decoded in child processes: one that hangs, crashes or takes all memory is only refused.

`pool` is the parent's side, `worker` the child's. They talk over pipes: frames of four bytes with a length, then
JSON, or after the answer to a text its UTF-8 bytes. What is said here is what both sides have to agree on.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO, Any, Literal

from genstudio.data.items import Blob, Kind

Task = Literal["probe", "images", "sounds", "texts"]

LIMIT = 256 << 20  # bytes of one file
TEXT_LIMIT = 2 * LIMIT  # bytes of its text as UTF-8: UTF-16 may become longer
ANSWER_LIMIT = 1 << 20  # bytes of any other answer
SHORT_OF_MEMORY = 70  # exit status of a child
READY, BEGUN, DONE = "ready", "begun", "done"

_LENGTH = struct.Struct(">I")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the header of a file says; 0 where it does not apply.

    Attributes
    ----------
    width, height : int
        Upright size of a picture in pixels.
    grey : bool
        Whether a picture has no colour.
    frames : int
        Pictures in the file; samples per channel of a sound.
    rate : int
        Samples per second of a sound.
    channels : int
        Of a sound.
    seconds : float
        Length of a sound.
    """

    kind: Kind
    width: int = 0
    height: int = 0
    grey: bool = False
    frames: int = 0
    rate: int = 0
    channels: int = 0
    seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Refused:
    """Why a file cannot be used, as words that go on from its name: "is cut short"."""

    reason: str


def send(file: IO[bytes], payload: bytes) -> None:
    """Write one frame; raises OSError when the other side is gone."""
    file.write(_LENGTH.pack(len(payload)))
    file.write(payload)
    file.flush()


def receive(file: IO[bytes], limit: int) -> bytes:
    """Read one frame; raises EOFError when the other side is gone, ValueError for one of more than `limit` bytes."""
    head = file.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        raise EOFError
    size = _LENGTH.unpack(head)[0]
    if size > limit:
        raise ValueError(f"a frame of {size:,} bytes")
    body = file.read(size)
    if len(body) < size:
        raise EOFError
    return body


def pack_blob(blob: Blob) -> list[str | int]:
    """As JSON has it; names that are not Unicode come back as they were."""
    return [blob.path, blob.member, blob.start, blob.size]


def unpack_blob(packed: list[Any]) -> Blob:
    """What `pack_blob` packed."""
    return Blob(*packed)


def unpack_facts(packed: Mapping[str, Any]) -> Facts:
    """Facts from a child, which may say anything; raises ValueError or TypeError for what makes no sense."""
    facts = Facts(**packed)
    if facts.kind not in ("image", "audio", "text") or type(facts.grey) is not bool:
        raise ValueError("no kind of file")
    whole = (facts.width, facts.height, facts.frames, facts.rate, facts.channels)
    if any(type(value) is not int or not 0 <= value < 1 << 40 for value in whole):
        raise ValueError("not a number")
    sides = facts.kind != "image" or (min(facts.width, facts.height) > 0)
    if not sides or (facts.kind == "audio" and min(facts.rate, facts.frames) <= 0):
        raise ValueError("a size of nothing")
    return Facts(**{**packed, "seconds": facts.frames / facts.rate if facts.kind == "audio" else 0.0})
