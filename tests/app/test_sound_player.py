"""Playing sounds: what a device gets, and one sentence where there is none."""

import numpy as np
import pytest

from genstudio.app.widgets import sound_player
from genstudio.app.widgets.sound_player import SoundPlayer, as_played

TONE = (8000 * np.sin(np.arange(800) * 2 * np.pi * 440 / 8000)).astype(np.int16)


def test_samples_of_the_device_s_rate_go_through_unchanged():
    assert as_played(TONE, 8000, 8000, 1, floats=False) == TONE.tobytes()


def test_each_channel_gets_the_same():
    stereo = np.frombuffer(as_played(TONE, 8000, 8000, 2, floats=False), np.int16).reshape(-1, 2)
    np.testing.assert_array_equal(stereo[:, 0], TONE)
    np.testing.assert_array_equal(stereo[:, 1], TONE)


def test_another_rate_keeps_pitch_and_length():
    played = np.frombuffer(as_played(TONE, 8000, 48_000, 1, floats=True), np.float32)
    assert len(played) == 4800
    spectrum = np.abs(np.fft.rfft(played))
    assert spectrum.argmax() * 48_000 / len(played) == pytest.approx(440, abs=10)
    assert np.abs(played).max() <= 1


def test_no_samples_are_no_bytes():
    assert as_played(np.empty(0, np.int16), 8000, 48_000, 2, floats=True) == b""


@pytest.mark.qt_log_ignore("PulseAudio", "pipewire", "ALSA", "multimedia")
def test_a_sound_is_played_or_one_sentence_says_why_not(qtbot):
    player, problems, states = SoundPlayer(), [], []
    player.problem.connect(problems.append)
    player.playing_changed.connect(states.append)
    player.play(TONE[:80], 8000)
    if problems:  # a computer without a loudspeaker
        assert len(problems) == 1
        assert problems[0].endswith(".")
        assert not player.playing
    else:
        qtbot.waitUntil(lambda: states == [True, False], timeout=10_000)
    player.stop()
    assert not player.playing


def test_a_missing_system_library_is_a_sentence(qtbot, monkeypatch):
    def missing():
        raise ImportError("libpulse.so.0")

    monkeypatch.setattr(sound_player, "load_library", missing)
    player = SoundPlayer()
    with qtbot.waitSignal(player.problem) as heard:
        player.play(TONE, 8000)
    assert "libpulse.so.0" in heard.args[0]
    assert not player.playing
