"""Numbers in words, the same in the window and in the terminal."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """ "42 s", "3 min 20 s", "2 h 5 min"."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"


def size(count: float) -> str:
    """ "812 kB", "1.2 GB": decimal units, as file managers show them."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if count >= 10 or unit == "B" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:,.1f} TB"


def setting(value: object) -> str:
    """ "0.001", "3", "conv": the value of a knob, short."""
    return f"{value:g}" if isinstance(value, float) else str(value)


def picture(shape: tuple[int, ...] | list[int]) -> str:
    """ "28 x 28 pixels, grey" from (height, width, channels)."""
    height, width, channels = shape
    return f"{width} x {height} pixels, {'grey' if channels == 1 else 'colour'}"
