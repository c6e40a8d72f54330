"""Sounds of one note each, put together from sine waves below half the sample rate, so that nothing is aliased."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from genstudio.data.columns import Sounds
from genstudio.data.dataset import Dataset

Reals = NDArray[np.float64]
Numbers = NDArray[np.int64]

COUNT, RATE, LENGTH = 2000, 16_000, 16_000
TIMBRES = ("sine", "triangle", "square", "sawtooth", "organ", "voice", "plucked", "bell")
LOUDNESSES = ("quiet", "medium", "loud")
#: Root mean square of a whole sound, full scale being 1: steps of 8 dB. The sharpest peak is 9 times as high.
LEVELS = (0.0158, 0.0398, 0.1)
ENVELOPES = ("steady", "swelling", "fading", "pulsing")
STEPS, _LOWEST = 24, 45  # semitones, from A2 of 110 Hz (MIDI note 45) on
_NOTES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_CEILING = 7200.0  # Hz; partials above are left out
_RAMP = 320  # samples, 20 ms: no click at the start nor at the end
# Vowel "a" of a man: middle and width of the first formants in Hz, and their strength (after G. E. Peterson and
# H. L. Barney, "Control methods used in a study of the vowels", 1952).
_FORMANTS = ((730.0, 90.0, 1.0), (1090.0, 110.0, 0.56), (2440.0, 170.0, 0.1))
# Partials of a church bell (hum, prime, tierce, quint, nominal and two above): ratio, strength, decays per second.
_BELL = ((0.5, 0.35, 1.5), (1, 1, 2), (1.2, 0.5, 3), (1.5, 0.25, 4), (2, 0.6, 3.5), (3, 0.25, 6), (4, 0.12, 9))


def load() -> Dataset:
    """2,000 sounds of 1 s at 16,000 Hz, no two with the same factors; the label is the timbre."""
    known = factors()
    return Dataset(
        source="tones",
        name="tones",
        labels=known["timbre"],
        label_names=TIMBRES,
        audio=sounds(**known),
        names=[
            f"{TIMBRES[t]} {note(p)}, {LOUDNESSES[loud]}, {ENVELOPES[e]}"
            for t, p, loud, e in zip(*(known[k] for k in ("timbre", "pitch", "loudness", "envelope")), strict=True)
        ],
    )


def factors() -> dict[str, Numbers]:
    """What each sound of `load` is: int64 [N] each.

    Returns
    -------
    dict of arrays
        "timbre", "loudness" and "envelope" are indices into `TIMBRES`, `LOUDNESSES` and `ENVELOPES`; "pitch" counts
        semitones from A2 on, 0 to 23.
    """
    rng = np.random.default_rng(20_240_602)
    each, kinds = COUNT // len(TIMBRES), STEPS * len(LOUDNESSES) * len(ENVELOPES)
    rest = np.concatenate([rng.permutation(kinds)[:each] for _ in TIMBRES])
    timbre = np.repeat(np.arange(len(TIMBRES)), each)
    mixed = rng.permutation(COUNT)
    rest, timbre = rest[mixed], timbre[mixed]
    pitch, rest = np.divmod(rest, len(LOUDNESSES) * len(ENVELOPES))
    loudness, envelope = np.divmod(rest, len(ENVELOPES))
    return {"timbre": timbre, "pitch": pitch, "loudness": loudness, "envelope": envelope}


def frequency(pitch: int) -> float:
    """Hz of so many semitones above A2, equally tempered, A4 = 440 Hz."""
    return 440.0 * 2 ** ((pitch + _LOWEST - 69) / 12)


def note(pitch: int) -> str:
    """Name of so many semitones above A2: "A2", "C♯3"."""
    octave, step = divmod(int(pitch) + _LOWEST, 12)
    return f"{_NOTES[step]}{octave - 1}"


def sounds(timbre: Numbers, pitch: Numbers, loudness: Numbers, envelope: Numbers) -> Sounds:
    """The sounds with these factors, as `factors` has them."""
    samples = np.empty((len(timbre), LENGTH), np.int16)
    shapes, gains = _envelopes(), np.array(LEVELS) * 32_767
    for step in np.unique(pitch):
        waves = _waves(frequency(int(step)))
        # The mean square of each wave under each envelope, so that loudness is the same whatever the timbre.
        power = np.sqrt(waves**2 @ (shapes**2).T / LENGTH)
        for row in np.flatnonzero(pitch == step):
            kind, form = timbre[row], envelope[row]
            gain = gains[loudness[row]] / power[kind, form]
            samples[row] = np.rint(waves[kind] * shapes[form] * gain)
    return Sounds(samples, np.full(len(samples), LENGTH, np.int32), RATE)


def _envelopes() -> Reals:
    """[E, T] in 0..1, all of them silent at both ends."""
    t = np.arange(LENGTH) / LENGTH
    kinds = np.stack([np.ones(LENGTH), t**1.5, np.exp(-4 * t), 0.55 - 0.45 * np.cos(2 * np.pi * 5 * t)])
    ramp = 0.5 - 0.5 * np.cos(np.pi * np.arange(_RAMP) / _RAMP)
    kinds[:, :_RAMP] *= ramp
    kinds[:, -_RAMP:] *= ramp[::-1]
    return kinds


def _waves(base: float) -> Reals:
    """[timbres, T]: one second of each timbre at `base` Hz, of no particular loudness."""
    t = np.arange(LENGTH) / RATE
    k = np.arange(1, int(_CEILING / base) + 1)
    partials = _sines(2 * np.pi * base * t, len(k))
    odd = k % 2 == 1
    spectra = np.stack(
        [
            k == 1,
            odd * np.where(k % 4 == 1, 1.0, -1.0) / k**2,
            odd / k,
            1 / k,
            np.isin(k, (1, 2, 3, 4, 6, 8)) * k**-0.6,
            _vowel(base * k.astype(np.float64)) / k,
        ]
    )
    faded = partials * np.exp(-(1.2 + 0.35 * k[:, None]) * t)  # a string: high partials die away first
    # Plucked at a fifth of its length, where every fifth partial has a node.
    plucked = (np.abs(np.sin(np.pi * k / 5)) / k) @ faded
    bell = sum(a * np.exp(-d * t) * np.sin(2 * np.pi * base * r * t) for r, a, d in _BELL if base * r < _CEILING)
    return np.concatenate([spectra @ partials, [plucked, bell]])


def _sines(phase: Reals, count: int) -> Reals:
    """[count, T]: sin(k phase) for k = 1.., by sin((k + 1) x) = 2 cos x sin(k x) - sin((k - 1) x)."""
    result = np.zeros((count + 1, len(phase)))
    result[1] = np.sin(phase)
    twice = 2 * np.cos(phase)
    for k in range(2, count + 1):
        np.multiply(twice, result[k - 1], out=result[k])
        result[k] -= result[k - 2]
    return result[1:]


def _vowel(hertz: Reals) -> Reals:
    """How much of each frequency a mouth lets through: resonances one beside the other."""
    return sum(
        (a / (1 + ((hertz - middle) / width) ** 2) for middle, width, a in _FORMANTS), np.full(len(hertz), 0.02)
    )
