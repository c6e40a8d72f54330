"""The same things as pictures, sounds and sentences, so that going from one to another can be right or wrong.

A concept is a shape, a colour and a size. In sound they are the timbre, the pitch class and the loudness: the first
shape is the first timbre, and so on. Where a shape lies, how it is turned, the octave, the envelope and the wording
are free.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.data.columns import Texts
from genstudio.data.dataset import Dataset
from genstudio.data.synthetic import sentences, shapes, tones

Numbers = NDArray[np.int64]

COUNT = 2400
#: Semitones above A for each of `shapes.COLOURS`: the scale of alternating whole and half tones, which has eight.
PITCH_CLASSES = (0, 2, 3, 5, 6, 8, 9, 11)


def load() -> Dataset:
    """2,400 concepts in all three modalities; the label is the shape."""
    known = factors()
    shape, colour, size, pitch = (known[name] for name in ("shape", "colour", "size", "pitch"))
    words = sentences.write(shape, colour, size, np.random.default_rng(20_240_606))
    return Dataset(
        source="trio",
        name="trio",
        images=shapes.draw(shape, colour, known["radius"], known["x"], known["y"], known["turn"]),
        labels=shape,
        label_names=shapes.SHAPES,
        audio=tones.sounds(shape, pitch, size, known["envelope"]),
        texts=Texts.of(words),
        names=_names(shape, colour, size, pitch),
    )


def concepts() -> Numbers:
    """int64 [N, 3]: indices into `shapes.SHAPES`, `shapes.COLOURS` and `shapes.SIZES`.

    All 192 combinations are there 12 or 13 times, and each shape, colour and size equally often.
    """
    kinds = (len(shapes.SHAPES), len(shapes.COLOURS), len(shapes.SIZES))
    every = np.stack(np.unravel_index(np.arange(np.prod(kinds)), kinds), 1)
    once_more = every[(every[:, 0] + every[:, 1]) % 2 == 0]
    rows = np.concatenate([every] * (COUNT // len(every)) + [once_more])
    return np.random.default_rng(20_240_605).permutation(rows).astype(np.int64)


def factors() -> dict[str, NDArray]:
    """What each item is.

    Returns
    -------
    dict of arrays [N]
        "shape", "colour" and "size" as `concepts` has them; "radius", "x", "y" and "turn" as `shapes.factors`;
        "pitch" and "envelope" as `tones.factors`. Timbre is shape and loudness is size.
    """
    shape, colour, size = concepts().T
    rng = np.random.default_rng(20_240_607)
    low, high = np.array(shapes.RADII)[size].T
    radius = low + (high - low) * (0.2 + 0.6 * rng.random(COUNT))  # no size that could be taken for the next
    pitch = np.array(PITCH_CLASSES)[colour] + 12 * rng.integers(2, size=COUNT)
    envelope = rng.integers(len(tones.ENVELOPES), size=COUNT)
    known = {"shape": shape, "colour": colour, "size": size, "radius": radius, "pitch": pitch, "envelope": envelope}
    return known | shapes.scatter(shape, radius, rng)


def _names(shape: Numbers, colour: Numbers, size: Numbers, pitch: Numbers) -> list[str]:
    colours = tuple(shapes.COLOURS)
    rows = zip(shape.tolist(), colour.tolist(), size.tolist(), pitch.tolist(), strict=True)
    sizes, louds = shapes.SIZES, tones.LOUDNESSES
    return [
        f"{sizes[z]} {colours[c]} {shapes.SHAPES[s]}, {louds[z]} {tones.TIMBRES[s]} {tones.note(p)} #{i}"
        for i, (s, c, z, p) in enumerate(rows)
    ]
