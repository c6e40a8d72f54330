"""Captions of coloured shapes from a small grammar: many wordings, every factor known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.data.columns import Texts
from genstudio.data.dataset import Dataset
from genstudio.data.synthetic.shapes import COLOURS, PERIODS, SHAPES, SIZES

Numbers = NDArray[np.int64]

COUNT = 4000
PLACES = ("top left", "top", "top right", "left", "middle", "right", "bottom left", "bottom", "bottom right")
#: How far a shape is turned; the first is not said, and is all that circles and rings have.
TURNS = ("", "turned a little", "turned a lot")
# Each word of `SHAPES`, `COLOURS`, ... as it may be put; none belongs to two of them.
SHAPE_WORDS = (
    ("circle", "disc"),
    ("square", "box"),
    ("triangle",),
    ("star", "five-pointed star"),
    ("cross", "plus sign"),
    ("ring", "hoop"),
    ("heart",),
    ("crescent", "crescent moon"),
)
COLOUR_WORDS = (
    ("red",),
    ("orange",),
    ("yellow",),
    ("green",),
    ("turquoise", "cyan"),
    ("blue",),
    ("purple", "violet"),
    ("pink",),
)
SIZE_WORDS = (("small", "tiny"), ("medium", "medium-sized"), ("large", "big", "huge"))
PLACE_WORDS = (
    ("at the top left", "in the upper left corner"),
    ("at the top", "near the upper edge"),
    ("at the top right", "in the upper right corner"),
    ("on the left", "near the left edge"),
    ("in the middle", "in the centre"),
    ("on the right", "near the right edge"),
    ("at the bottom left", "in the lower left corner"),
    ("at the bottom", "near the lower edge"),
    ("at the bottom right", "in the lower right corner"),
)
TURN_WORDS = (("",), ("turned a little", "slightly turned"), ("turned a lot", "turned far round"))
_WORDINGS = 6


def load() -> Dataset:
    """4,000 captions, equally many of each shape, which is the label."""
    known = factors()
    rng = np.random.default_rng(20_240_604)
    return Dataset(
        source="sentences",
        name="sentences",
        labels=known["shape"],
        label_names=SHAPES,
        texts=Texts.of(write(rng=rng, **known)),
        names=_names(known),
    )


def factors() -> dict[str, Numbers]:
    """What each caption of `load` says: int64 [N] each.

    Returns
    -------
    dict of arrays
        "shape", "colour", "size", "place" and "turn": indices into `SHAPES`, `COLOURS`, `SIZES`, `PLACES`, `TURNS`.
    """
    rng = np.random.default_rng(20_240_603)
    mixed = rng.permutation(COUNT)
    shape, colour = mixed % len(SHAPES), mixed // len(SHAPES) % len(COLOURS)
    size, place, turn = (rng.permutation(COUNT) % len(kinds) for kinds in (SIZES, PLACES, TURNS))
    turn[np.array(PERIODS)[shape] == 0] = 0
    return {"shape": shape, "colour": colour, "size": size, "place": place, "turn": turn}


def write(
    shape: Numbers,
    colour: Numbers,
    size: Numbers,
    rng: np.random.Generator,
    place: Numbers | None = None,
    turn: Numbers | None = None,
) -> list[str]:
    """A caption for each row, in random wording; nothing is said of a place or turn that is not given."""
    count = len(shape)
    parts = {
        "shape": _worded(SHAPE_WORDS, shape, rng),
        "colour": _worded(COLOUR_WORDS, colour, rng),
        "size": _worded(SIZE_WORDS, size, rng),
        "place": [""] * count if place is None else _worded(PLACE_WORDS, place, rng),
        "turn": [""] * count if turn is None else _worded(TURN_WORDS, turn, rng),
    }
    wordings = rng.integers(_WORDINGS, size=count).tolist()
    rows = zip(*parts.values(), wordings, strict=True)
    return [_sentence(*row) for row in rows]


def _sentence(shape: str, colour: str, size: str, place: str, turn: str, wording: int) -> str:
    thing, tail = f"{size} {colour} {shape}", f", {turn}" if turn else ""
    where = f" {place}" if place else ""
    article = "an" if colour[0] in "aeiou" else "a"  # no size and no shape begins with a vowel
    return (
        f"a {thing}{where}{tail}",
        f"{place}: a {thing}{tail}" if place else f"this is a {thing}{tail}",
        f"there is a {thing}{where}{tail}",
        f"a {size} {shape} in {colour}{where}{tail}",
        f"a {shape}{where}, {size} and {colour}{tail}",
        f"{article} {colour} {shape}{where}, {size}{tail}",
    )[wording]


def _worded(words: tuple[tuple[str, ...], ...], index: Numbers, rng: np.random.Generator) -> list[str]:
    chance = rng.random(len(index)).tolist()
    return [words[i][int(u * len(words[i]))] for i, u in zip(index.tolist(), chance, strict=True)]


def _names(known: dict[str, Numbers]) -> list[str]:
    colours = tuple(COLOURS)
    columns = zip(*(known[name].tolist() for name in ("size", "colour", "shape", "place", "turn")), strict=True)
    return [
        f"{SIZES[z]} {colours[c]} {SHAPES[s]}, {PLACES[p]}{', ' * bool(t)}{TURNS[t]} #{i}"
        for i, (z, c, s, p, t) in enumerate(columns)
    ]
