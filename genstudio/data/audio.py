"""Sounds as files: what their header says, and their samples at one rate and length."""

from __future__ import annotations

import contextlib
import io
import math
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from genstudio.core.data_config import DataConfig, Mix
from genstudio.core.errors import InputError

if TYPE_CHECKING:
    from soundfile import SoundFile

FORMATS = ("WAV", "WAVEX", "FLAC", "OGG", "MP3", "AIFF")
_STARTS = (b"RIFF", b"RIFX", b"FORM", b"fLaC", b"OggS")
_SUFFIXES = (".wav", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".aif", ".aiff", ".aifc")
RATES = (100, 384_000)
MOST_CHANNELS = 64
MOST_SAMPLES = 200_000_000  # of all channels together; a header may claim anything
MOST_RATE, MOST_SECONDS = 48_000, 4  # unless asked for more
FULL_SCALE = 32_768

_BLOCK = 1 << 16  # samples of all channels read at a time
_MOMENT = 0.02  # seconds
_SILENCE = 1e-4  # of the energy of the loudest moment: 40 dB below it
_LOUDEST = 256  # times full scale; beyond it the numbers mean something else
_FILTER = 1024  # samples at the lower rate on which one resampled sample may depend
_HEADER = 64  # some writers count the header as sound
_MOST_CHUNKS = 10_000


@dataclass(frozen=True, slots=True)
class AudioFacts:
    """What a header says: samples per second, samples per channel, channels."""

    rate: int
    frames: int
    channels: int


def probe(data: bytes, name: str) -> AudioFacts:
    """Look at the header of a WAV, FLAC, OGG (Vorbis, Opus), MP3 or AIFF file.

    `data` is the whole file, and its content decides what it is; `name` is for the reason of a refusal only. OGG
    and MP3 are made for streams: of one that was cut short, what is there counts; the others are refused then.

    Raises
    ------
    InputError
        A reason that goes on from the file's name: "it holds no sound".
    """
    with _opened(data, name) as file:
        return AudioFacts(file.samplerate, file.frames, file.channels)


@dataclass(frozen=True, slots=True)
class Audio:
    """How every sound is brought to one form.

    Attributes
    ----------
    rate : int
        Samples per second.
    length : int
        Samples T of each sound: longer ones are cut, shorter ones are followed by silence.
    trim : bool
        Leave out what is 40 dB below the loudest 20 ms at both ends.
    mix : Mix
        "mix" is the mean of all channels; "left" and "right" of a mono sound is that one channel.
    """

    rate: int
    length: int
    trim: bool = False
    mix: Mix = "mix"

    def decode(self, data: bytes, name: str) -> tuple[NDArray[np.int16], int]:
        """The samples of a file; 16-bit sound that has the rate already comes out bit by bit as it is.

        Returns
        -------
        int16 [T], and how many of them come before the silence that fills up.

        Raises
        ------
        InputError
            A reason that goes on from the file's name, as from `probe`.
        """
        start, stop = self._loud(data, name) if self.trim else (0, MOST_SAMPLES)
        with _opened(data, name) as file:
            rate = file.samplerate
            margin = 0 if rate == self.rate else math.ceil(_FILTER * max(1.0, rate / self.rate))
            stop = min(stop, start + -(-self.length * rate // self.rate) + margin)
            sound = self._between(file, start, stop)
            if rate != self.rate:
                import soxr

                sound = soxr.resample(sound.astype(np.float32), rate, self.rate, quality="HQ")
        held = sound[: self.length]
        if not len(held):
            raise InputError("it holds no sound, or less than one sample of it at the chosen rate")
        samples = np.zeros(self.length, np.int16)
        samples[: len(held)] = held if held.dtype == np.int16 else np.clip(np.rint(held), -FULL_SCALE, FULL_SCALE - 1)
        return samples, len(held)

    def _between(self, file: SoundFile, start: int, stop: int) -> NDArray[Any]:
        """Mono samples `start` to `stop`, as `_blocks` gives them; nothing beyond is read."""
        parts: list[NDArray[Any]] = []
        at = 0
        for block in self._blocks(file, 1):
            parts.append(block[max(0, start - at) : stop - at])
            at += len(block)
            if at >= stop:
                break
        return np.concatenate(parts) if parts else np.zeros(0, np.int16)

    def _loud(self, data: bytes, name: str) -> tuple[int, int]:
        """First sample and end of what is not silence, in whole moments; all of a sound that is silent throughout.

        A pass of its own: a long sound is never in memory as a whole.
        """
        with _opened(data, name) as file:
            window = max(1, round(_MOMENT * file.samplerate))
            energies = [_energies(block, window) for block in self._blocks(file, window)]
        energy = np.concatenate(energies) if energies else np.zeros(1)
        loud = np.flatnonzero(energy >= energy.max() * _SILENCE)
        return int(loud[0]) * window, int(loud[-1] + 1) * window

    def _blocks(self, file: SoundFile, window: int) -> Iterator[NDArray[Any]]:
        """All of the file as mono blocks of whole windows: int16 where no arithmetic was needed, else float32.

        Both have a full scale of 32,768.
        """
        size = window * max(1, _BLOCK // (file.channels * window))
        whole = file.subtype == "PCM_16"
        got = 0
        while got < file.frames:
            block = file.read(min(size, file.frames - got), dtype="int16" if whole else "float32", always_2d=True)
            if not len(block):
                break
            got += len(block)
            yield self._mono(block if whole else _checked(block) * np.float32(FULL_SCALE))
        # an MP3 only estimates their number; an OGG that was cut short claims no more than it has
        if got < file.frames and file.format != "MP3":
            raise InputError(f"it was cut short: {got:,} of {file.frames:,} samples are there")

    def _mono(self, block: NDArray[Any]) -> NDArray[Any]:
        if self.mix == "mix" and block.shape[1] > 1:
            return block.mean(axis=1, dtype=np.float32)
        return block[:, 1 if self.mix == "right" and block.shape[1] > 1 else 0]


def choose(facts: Iterable[AudioFacts], config: DataConfig) -> Audio:
    """The form for sounds of these headers: what the settings ask for, and for 0 what most or the longest have.

    Raises
    ------
    InputError
        When there are no sounds, or the settings ask for a rate below 100 Hz.
    """
    found = list(facts)
    if not found:
        raise InputError("There are no sounds to prepare.")
    if 0 < config.sample_rate < RATES[0]:
        raise InputError(f"A sample rate of {config.sample_rate} Hz holds no sound: ask for {RATES[0]} Hz or more.")
    counts = Counter(f.rate for f in found)
    usual = max(counts, key=lambda rate: (counts[rate], rate))
    rate = config.sample_rate or min(usual, MOST_RATE)
    longest = max(-(-f.frames * rate // f.rate) for f in found)
    length = round(config.seconds * rate) if config.seconds else min(longest, MOST_SECONDS * rate)
    return Audio(rate, max(1, length), config.trim, config.mix)


def wav(samples: NDArray[np.int16], rate: int) -> bytes:
    """A WAV file of mono samples int16 [T]."""
    return _written(samples, rate, "WAV")


def flac(samples: NDArray[np.int16], rate: int) -> bytes:
    """A FLAC file of mono samples int16 [T]: about half of a WAV file, nothing lost."""
    return _written(samples, rate, "FLAC")


def _written(samples: NDArray[np.int16], rate: int, form: str) -> bytes:
    import soundfile

    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, subtype="PCM_16", format=form)
    return buffer.getvalue()


class _Bytes(io.BytesIO):
    """A file in memory that stays where it is when asked to go before its start, as damaged headers do."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        try:
            return super().seek(offset, whence)
        except (ValueError, OverflowError):
            return self.tell()


@cache
def _stream() -> type[SoundFile]:
    import soundfile

    class Stream(soundfile.SoundFile):
        def seekable(self) -> bool:
            # else each read ends with a seek to where it is already, and the next block of an MP3, which builds on
            # this one, comes out wrong
            return False

    return Stream


@contextlib.contextmanager
def _opened(data: bytes, name: str) -> Iterator[SoundFile]:
    """The file, its header checked; whatever goes wrong inside is an `InputError` with a reason."""
    _check_start(data, name)
    try:
        with _stream()(_Bytes(data)) as file:
            _check(file)
            _check_chunks(data)
            yield file
    except InputError:
        raise
    except MemoryError:
        raise InputError("it needs more memory than there is") from None
    # libsndfile's own error is a RuntimeError; its binding raises the others on numbers that make no sense
    except (RuntimeError, ValueError, TypeError, OSError, OverflowError) as error:
        why = str(getattr(error, "error_string", "") or type(error).__name__).strip(" .")
        raise InputError(f"it is damaged or of a kind that cannot be read ({why})") from None


def _check_start(data: bytes, name: str) -> None:
    """Let only the formats named in `FORMATS` reach libsndfile, which tries many more."""
    mpeg = data[:3] == b"ID3" or (len(data) > 1 and data[0] == 0xFF and data[1] & 0xE0 == 0xE0)
    if not mpeg and data[:4] not in _STARTS:
        kind = PurePath(name).suffix.lower()
        what = f"a file of kind “{kind}” is" if kind and kind not in _SUFFIXES else "its content is"
        raise InputError(f"{what} no sound that can be read: save it as WAV, FLAC, OGG, MP3 or AIFF")


def _check(file: SoundFile) -> None:
    if file.format not in FORMATS:
        raise InputError(f"it is {file.format} sound, which is not read: save it as WAV or FLAC")
    if file.frames <= 0:
        raise InputError("it holds no sound")
    if not 1 <= file.channels <= MOST_CHANNELS:
        raise InputError(f"it has {file.channels:,} channels, more than the limit of {MOST_CHANNELS}")
    if not RATES[0] <= file.samplerate <= RATES[1]:
        raise InputError(f"it has a rate of {file.samplerate:,} Hz; {RATES[0]:,} to {RATES[1]:,} Hz can be used")
    if file.frames * file.channels > MOST_SAMPLES:
        claim = f"its header claims {file.frames:,} samples in {file.channels} channels"
        raise InputError(f"{claim}, more than the limit of {MOST_SAMPLES:,} in all")


def _check_chunks(data: bytes) -> None:
    """Refuse WAV and AIFF files that end before their sound does, which libsndfile passes over in silence."""
    order = {b"RIFF": "<", b"RIFX": ">", b"FORM": ">"}.get(data[:4])
    at = 12
    for _ in range(_MOST_CHUNKS if order else 0):
        size = struct.unpack_from(f"{order}I", data, at + 4)[0] if at + 8 <= len(data) else 0
        if data[at : at + 4] in (b"data", b"SSND"):
            held = len(data) - at - 8
            # what is written into a pipe cannot know its length: such headers claim about all that fits
            piped = size == 0xFFFF_FFFF or 0x7FFF_F000 <= size <= 0x7FFF_FFFF
            if size > held + _HEADER and not piped:
                raise InputError(f"it was cut short: {held:,} of {size:,} bytes of sound are there")
            return
        at += 8 + size + size % 2


def _checked(block: NDArray[Any]) -> NDArray[Any]:
    if not np.isfinite(block).all():
        raise InputError("it holds numbers that are not finite (NaN or infinity)")
    peak = float(np.abs(block).max())
    if peak > _LOUDEST:
        raise InputError(f"it is {peak:,.0f} times as loud as full scale: save it with samples from -1 to 1")
    return block


def _energies(block: NDArray[Any], window: int) -> NDArray[np.float64]:
    """Mean square of each window; the last one may be shorter."""
    starts = np.arange(0, len(block), window)
    sums = np.add.reduceat(block.astype(np.float64) ** 2, starts)
    return sums / np.minimum(window, len(block) - starts)
