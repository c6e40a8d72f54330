"""The colours of both themes: plain data, checked for contrast by the tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Tokens:
    """The colours of one theme as ``#rrggbb``.

    Text, dim, accent, good, warn and bad have a contrast of at least 4.5:1 on background, panel and raised,
    `on_accent` has it on accent and `on_bad` on bad; `series` has 3:1 on panel, as lines need.
    """

    name: Literal["dark", "light"]
    background: str
    panel: str
    raised: str
    line: str
    text: str
    dim: str
    accent: str
    good: str
    warn: str
    bad: str
    on_accent: str
    on_bad: str
    series: tuple[str, ...]


DARK = Tokens(
    name="dark",
    background="#15171b",
    panel="#1c1f25",
    raised="#252932",
    line="#2f3440",
    text="#e6e9ef",
    dim="#9aa3b2",
    accent="#4c9dff",
    good="#3fbf7f",
    warn="#f2b544",
    bad="#f26d6d",
    on_accent="#0e1116",
    on_bad="#0e1116",
    series=("#4c9dff", "#f2b544", "#3fbf7f", "#d07bf2", "#ff8a5c", "#5fd0d6"),
)
# accent, good, warn and bad are a little darker than first drawn: as text on "raised" those had 2.9 to 4.1:1
LIGHT = Tokens(
    name="light",
    background="#f4f5f7",
    panel="#ffffff",
    raised="#eceef2",
    line="#d8dce3",
    text="#1b1f27",
    dim="#5d6675",
    accent="#1a66d2",
    good="#13784a",
    warn="#8c5b00",
    bad="#c23030",
    on_accent="#ffffff",
    on_bad="#ffffff",
    series=("#1f6fe0", "#c27c00", "#1e9e62", "#9a3fd0", "#cc5a1f", "#1290a0"),
)


def mix(first: str, second: str, share: float) -> str:
    """The colour ``#rrggbb`` that lies `share` (0..1) of the way from `first` to `second`."""
    parts = ((int(first[i : i + 2], 16), int(second[i : i + 2], 16)) for i in (1, 3, 5))
    return "#" + "".join(f"{round((1 - share) * a + share * b):02x}" for a, b in parts)
