"""Sounds as pictures, drawn when they are looked at, and what a sound is in one line."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from genstudio.data.columns import Sounds

FULL_SCALE = 32_767
HEIGHT, WIDTH = 48, 96

_AT_ONCE = 1 << 22  # numbers in memory at a time
_LOOKED_AT = 512  # samples of a column beyond which only every k-th is looked at
_WINDOW = 0.032  # seconds: a few periods of a low voice
_COLUMN = 2  # pixels that share a window: windows overlap, twice as many would show no more
_RANGE = (-90.0, -10.0)  # decibels of full scale, from the first colour to the last

Index = int | np.integer[Any] | slice | Sequence[int] | NDArray[Any]


def _colours(*points: tuple[int, int, int]) -> NDArray[np.uint8]:
    """uint8 [256, 3]: equally spaced colours with straight lines between them."""
    at = np.linspace(0, 255, len(points))
    channels = [np.interp(np.arange(256), at, channel) for channel in zip(*points, strict=True)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


LINES = _colours((20, 23, 31), (226, 232, 244))
HEAT = _colours((8, 9, 20), (66, 28, 107), (178, 52, 92), (244, 140, 64), (253, 243, 200))  # ever lighter


class Drawn(ABC):
    """Pictures uint8 [N, height, width, 3] of sounds, each over its own length; like an array, but drawn when asked.

    An index, a slice, or an array of indices gives real arrays; nothing is kept.

    Parameters
    ----------
    sounds : Sounds
    height, width : int
        Pixels.
    """

    dtype = np.dtype(np.uint8)
    ndim = 4

    def __init__(self, sounds: Sounds, height: int = HEIGHT, width: int = WIDTH) -> None:
        self.sounds = sounds
        self.shape = (len(sounds), height, width, 3)

    def __len__(self) -> int:
        return self.shape[0]

    @property
    def size(self) -> int:
        """Numbers in all pictures together, as of an array; a byte each."""
        return math.prod(self.shape)

    @property
    def nbytes(self) -> int:
        return self.size

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        if copy is False:
            raise ValueError("pictures that are drawn are a copy always")
        return self[:].astype(dtype or np.uint8, copy=False)

    @overload
    def __getitem__(self, index: int | np.integer[Any]) -> NDArray[np.uint8]: ...
    @overload
    def __getitem__(self, index: slice | Sequence[int] | NDArray[Any]) -> NDArray[np.uint8]: ...
    def __getitem__(self, index: Index) -> NDArray[np.uint8]:
        if isinstance(index, tuple):
            raise TypeError("drawn pictures have one index: take the picture first, then its pixels")
        rows = np.asarray(np.arange(len(self))[index])
        if rows.ndim == 0:
            return self._draw(rows[None])[0]
        pictures = np.empty((len(rows), *self.shape[1:]), np.uint8)
        step = max(1, _AT_ONCE // self._numbers())
        for start in range(0, len(rows), step):
            pictures[start : start + step] = self._draw(rows[start : start + step])
        return pictures

    @abstractmethod
    def _numbers(self) -> int:
        """Numbers that drawing one picture holds in memory."""

    @abstractmethod
    def _draw(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The pictures of some rows."""

    def _held(self, rows: NDArray[np.int64], step: int = 1) -> tuple[NDArray[np.int16], NDArray[np.int64]]:
        """Samples [M, T / step] of some rows, every `step`-th, and their lengths."""
        first, count = int(rows[0]), len(rows)
        together = int(rows[-1]) - first == count - 1 and bool((np.diff(rows) == 1).all())
        # neighbours are sliced, which copies a mapped file once instead of twice
        chosen = slice(first, first + count) if together else rows
        samples = np.asarray(self.sounds.samples[chosen])[:, ::step]
        lengths = np.minimum(self.sounds.lengths[rows].astype(np.int64) // step, samples.shape[1])
        return samples, np.maximum(lengths, 0)


class Waveforms(Drawn):
    """Loudness over time: a light line from the lowest to the highest sample of each column, on dark.

    The height of the picture is full scale. Of sounds with more than 512 samples to a column only every k-th is
    looked at.
    """

    def _numbers(self) -> int:
        return self.sounds.samples.shape[1] + self.shape[1] * self.shape[2] * 4

    def _draw(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        _, height, width, _ = self.shape
        samples, lengths = self._held(rows, max(1, self.sounds.samples.shape[1] // (width * _LOOKED_AT)))
        count, span = samples.shape
        padded = np.zeros((count, span + 1), np.int16)  # the end of the last sound is an index, too
        padded[:, :span] = samples
        # each row has one edge more than columns; what lies between its last edge and the next row is left out
        edges = (lengths[:, None] * np.arange(width + 1) // width + np.arange(count)[:, None] * (span + 1)).ravel()
        low = np.minimum.reduceat(padded.ravel(), edges).reshape(count, width + 1)[:, :width]
        high = np.maximum.reduceat(padded.ravel(), edges).reshape(count, width + 1)[:, :width]
        middle, scale = np.float32(height / 2), np.float32((height - 1) / 2 / (FULL_SCALE + 1))
        top, bottom = middle - high * scale - np.float32(0.5), middle - low * scale + np.float32(0.5)
        # how much of each pixel the line covers; a line is one pixel thick at least
        y = np.arange(height, dtype=np.float32)[:, None]
        cover = np.minimum(y + 1, bottom[:, None, :]) - np.maximum(y, top[:, None, :])
        return LINES.take((np.clip(cover, 0, 1) * 255).astype(np.uint8), axis=0)


class Spectrograms(Drawn):
    """Loudness over time and frequency: a short-time Fourier transform with a Hann window of about 32 ms.

    From 0 Hz at the bottom to half the sample rate at the top; colours from -90 to -10 dB of a sine at full scale.
    """

    @property
    def window(self) -> int:
        """Samples of a window: a power of two."""
        return 1 << max(6, round(math.log2(_WINDOW * self.sounds.rate)))

    def _numbers(self) -> int:
        return 4 * self.shape[2] * self.window + self.sounds.samples.shape[1]

    def _draw(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        _, height, width, _ = self.shape
        samples, lengths = self._held(rows)
        window, count = self.window, len(samples)
        padded = np.zeros((count, samples.shape[1] + window), np.float32)
        padded[:, window // 2 : window // 2 + samples.shape[1]] = samples
        columns = -(-width // _COLUMN)
        starts = lengths[:, None] * (2 * np.arange(columns) + 1) // (2 * columns)
        frames = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[np.arange(count)[:, None], starts]
        spectrum = np.fft.rfft(frames * _hann(window), axis=2)
        power = spectrum.real**2 + spectrum.imag**2
        bins = power.shape[2]
        bands = np.maximum.reduceat(power, np.arange(height) * bins // height, axis=2)
        # a sine of amplitude a reaches a * window / 4 under a Hann window
        decibels = 10 * np.log10(bands / (FULL_SCALE * window / 4) ** 2 + 1e-18)
        level = (decibels - _RANGE[0]) / (_RANGE[1] - _RANGE[0])
        pixels = (np.clip(level, 0, 1) * 255).astype(np.uint8)
        upright = pixels.transpose(0, 2, 1)[:, ::-1]
        return HEAT.take(upright.repeat(_COLUMN, axis=2)[:, :, :width], axis=0)


def _hann(window: int) -> NDArray[np.float32]:
    """A Hann window that is periodic, as for spectra (F. J. Harris, 1978)."""
    return (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(window) / window)).astype(np.float32)


def describe_sound(sounds: Sounds, index: int) -> str:
    """ "0.64 s, 8,000 Hz, peak -3.1 dB": length, rate, and the loudest sample against full scale."""
    length = int(sounds.lengths[index])
    samples = sounds.samples[index, :length]
    peak = max(abs(int(samples.min())), abs(int(samples.max()))) if length else 0
    decibels = round(20 * math.log10(min(peak, FULL_SCALE) / FULL_SCALE), 1) + 0.0 if peak else 0.0
    loudness = f"peak {decibels:.1f} dB" if peak else "silent"
    return f"{length / sounds.rate:.2f} s, {sounds.rate:,} Hz, {loudness}"
