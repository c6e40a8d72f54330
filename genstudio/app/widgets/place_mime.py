"""A place that is carried by the mouse from one part of the window to another."""

from __future__ import annotations

import json
from typing import TypedDict

from PySide6.QtCore import QMimeData

PLACE_TYPE = "application/x-genstudio-place"
_MOST_BYTES = 32 << 20  # a code of eight million numbers


class Carried(TypedDict, total=False):
    """What is known of it: `code` as `code_text` writes it with `label` (-1 for none); of a pin `pin`, its number."""

    code: str
    label: int
    pin: int


def pack(place: Carried, data: QMimeData | None = None) -> QMimeData:
    """Put a place into `data`, which may carry a picture too, or into new data."""
    data = data or QMimeData()
    data.setData(PLACE_TYPE, json.dumps(place).encode("ascii"))
    return data


def unpack(data: QMimeData) -> Carried | None:
    """The place that is carried; None when there is none, or what is there is none."""
    if not data.hasFormat(PLACE_TYPE):
        return None
    raw = bytes(data.data(PLACE_TYPE).data())
    try:
        found = json.loads(raw) if len(raw) <= _MOST_BYTES else None
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    place = Carried()
    if isinstance(found.get("code"), str):
        place["code"] = found["code"]
        place["label"] = found["label"] if type(found.get("label")) is int else -1
    if type(found.get("pin")) is int and found["pin"] >= 0:
        place["pin"] = found["pin"]
    return place or None
