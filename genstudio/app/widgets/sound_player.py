"""Plays sounds. Qt's multimedia part is loaded with the first one; without a loudspeaker a sentence says so."""

from __future__ import annotations

import importlib
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QLoggingCategory, QObject, Signal

_NO_DEVICE = "No loudspeaker or headphones were found: connect some, then play the sound again."
#: It tells of every sound and video system that this computer does not have.
_QUIET = "qt.multimedia*.debug=false\nqt.multimedia*.info=false\nqt.multimedia*.warning=false"
_NO_LIBRARY = "Sounds cannot be played here because a system library is missing ({0})."


def load_library() -> Any:
    """Qt's multimedia part: 0.3 s the first time, which may be spent in a thread; raises ImportError."""
    QLoggingCategory.setFilterRules(_QUIET)
    return importlib.import_module("PySide6.QtMultimedia")


def as_played(samples: NDArray[np.int16], rate: int, to_rate: int, channels: int, floats: bool) -> bytes:
    """Samples as a sound device takes them: another rate by straight lines, each channel the same.

    Parameters
    ----------
    samples : int16 [T]
    floats : bool
        float32 in -1..1 instead of int16.
    """
    values = samples.astype(np.float32)
    if to_rate != rate and len(values):
        count = max(1, round(len(values) * to_rate / rate))
        values = np.interp(np.arange(count) * (rate / to_rate), np.arange(len(values)), values).astype(np.float32)
    whole = values / 32768 if floats else np.clip(np.rint(values), -32768, 32767).astype(np.int16)
    return np.repeat(whole[:, None], channels, axis=1).tobytes()


class SoundPlayer(QObject):
    """One sound at a time.

    Signals
    -------
    playing_changed(bool)
    problem(str)
        Why nothing can be heard; a sentence.
    """

    playing_changed = Signal(bool)
    problem = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._sink: Any = None
        self._buffer: QBuffer | None = None

    @property
    def playing(self) -> bool:
        return self._sink is not None

    def play(self, samples: NDArray[np.int16], rate: int) -> None:
        """Play a sound from its start, in place of the one that plays; raises nothing.

        Parameters
        ----------
        samples : int16 [T]
        rate : int
            Samples per second.
        """
        self.stop()
        try:
            media = load_library()
        except ImportError as error:
            self.problem.emit(_NO_LIBRARY.format(error))
            return
        device = media.QMediaDevices.defaultAudioOutput()
        if device.isNull():
            self.problem.emit(_NO_DEVICE)
            return
        self._start(media, device, samples, rate)

    def _start(self, media: Any, device: Any, samples: NDArray[np.int16], rate: int) -> None:
        form = media.QAudioFormat()
        form.setSampleRate(rate)
        form.setChannelCount(1)
        form.setSampleFormat(media.QAudioFormat.SampleFormat.Int16)
        if not device.isFormatSupported(form):
            form = device.preferredFormat()
            if form.sampleFormat() != media.QAudioFormat.SampleFormat.Float:
                form.setSampleFormat(media.QAudioFormat.SampleFormat.Int16)
        floats = form.sampleFormat() == media.QAudioFormat.SampleFormat.Float
        data = as_played(samples, rate, form.sampleRate(), max(1, form.channelCount()), floats)
        buffer = QBuffer(self)
        buffer.setData(QByteArray(data))
        buffer.open(QIODevice.OpenModeFlag.ReadOnly)
        sink = media.QAudioSink(device, form, self)
        sink.stateChanged.connect(lambda state: self._state_changed(media, sink, state))
        self._sink, self._buffer = sink, buffer
        sink.start(buffer)
        if self._sink is sink:
            self.playing_changed.emit(True)

    def _state_changed(self, media: Any, sink: Any, state: Any) -> None:
        if sink is not self._sink:
            return
        if state == media.QAudio.State.IdleState:  # all of it was heard
            self.stop()
        elif state == media.QAudio.State.StoppedState and sink.error() != media.QAudio.Error.NoError:
            self.stop()
            self.problem.emit("The sound device stopped playing: check that it is connected, then play again.")

    def stop(self) -> None:
        """Be silent."""
        sink, buffer, self._sink, self._buffer = self._sink, self._buffer, None, None
        if sink is None:
            return
        sink.stop()
        sink.deleteLater()
        if buffer is not None:
            buffer.close()
            buffer.deleteLater()
        self.playing_changed.emit(False)
