"""Sounds as pictures: drawn for the rows asked for only, and right to the pixel."""

import itertools

import numpy as np
import pytest

from genstudio.app.widgets.mosaic import Mosaic
from genstudio.app.widgets.pictures import Pictures
from genstudio.data import display
from genstudio.data.columns import Sounds
from genstudio.data.display import HEAT, LINES, Spectrograms, Waveforms, describe_sound

RATE = 8000


def sounds(*samples, length=None, rate=RATE):
    """Sounds of float samples in -1..1, filled up to the longest."""
    span = length or max(map(len, samples))
    full = np.zeros((len(samples), span), np.int16)
    for row, part in zip(full, samples, strict=True):
        row[: len(part)] = np.rint(np.asarray(part) * 32767)
    return Sounds(full, np.array([len(s) for s in samples], np.int32), rate)


def sine(hertz, seconds=1.0, loud=1.0, rate=RATE):
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def many(count=30, span=3000):
    random = np.random.default_rng(0)
    lengths = random.integers(0, span + 1, count).astype(np.int32)
    samples = random.integers(-20_000, 20_000, (count, span)).astype(np.int16)
    samples[np.arange(span) >= lengths[:, None]] = 0
    return Sounds(samples, lengths, RATE)


@pytest.fixture(params=[Waveforms, Spectrograms])
def drawn(request):
    return request.param


def test_it_looks_like_an_array(drawn):
    pictures = drawn(many(), 20, 33)
    whole = np.asarray(pictures)
    assert whole.shape == pictures.shape == (30, 20, 33, 3)
    assert whole.dtype == pictures.dtype == np.uint8
    assert (whole.ndim, whole.size, whole.nbytes) == (pictures.ndim, pictures.size, pictures.nbytes)
    assert len(whole) == len(pictures)


@pytest.mark.parametrize(
    "index",
    [
        0,
        -1,
        np.int64(7),
        slice(None),
        slice(3, 9),
        slice(20, 3, -4),
        slice(9, 9),
        slice(25, 99),
        [5, 5, 2],
        [],
        np.array([29, 0, -30]),
        np.arange(30) % 3 == 0,
    ],
    ids=str,
)
def test_any_index_gives_what_an_array_gives(drawn, index):
    pictures = drawn(many(), 20, 33)
    whole = np.asarray(pictures)
    got = pictures[index]
    assert type(got) is np.ndarray
    assert got.dtype == np.uint8
    assert np.array_equal(got, whole[index])


@pytest.mark.parametrize("index", [30, -31, [0, 30]])
def test_an_index_beyond_the_end_is_an_error(drawn, index):
    with pytest.raises(IndexError):
        drawn(many())[index]
    with pytest.raises(TypeError, match="one index"):
        drawn(many())[0, 1]


def test_only_the_rows_asked_for_are_read(drawn):
    class Counted(np.ndarray):
        rows: list

        def __getitem__(self, index):
            found = np.asarray(self)[index]
            Counted.rows.append(len(found))
            return found

    Counted.rows = []
    held = many()
    pictures = drawn(Sounds(held.samples.view(Counted), held.lengths, held.rate))
    assert Counted.rows == []
    pictures[4:9]
    pictures[[1, 28]]
    assert Counted.rows == [5, 2]


def test_many_rows_are_drawn_a_few_at_a_time(drawn, monkeypatch):
    whole = np.asarray(drawn(many()))
    monkeypatch.setattr(display, "_AT_ONCE", 1)
    assert np.array_equal(drawn(many())[:], whole)


def test_a_mosaic_shows_it(drawn):
    pictures = drawn(many())
    mosaic = Mosaic(Pictures(pictures), 640, 480)
    sheet = mosaic.sheet(0, mosaic.rows)
    shown = sheet[: mosaic.tile_h, : mosaic.tile_w]
    assert np.array_equal(shown, pictures[0][: mosaic.tile_h, : mosaic.tile_w])
    shrunk = Mosaic(Pictures(pictures), 640, 480, zoom=-2)
    assert shrunk.sheet(0, shrunk.rows).any()


def test_no_sounds_and_empty_sounds_are_drawn(drawn):
    assert drawn(many(0))[:].shape == (0, 48, 96, 3)
    empty = drawn(Sounds(np.zeros((2, 0), np.int16), np.zeros(2, np.int32), RATE))
    assert empty[:].shape == (2, 48, 96, 3)
    silent = drawn(sounds(np.zeros(50), np.zeros(0)))[:]
    assert np.array_equal(silent[0], silent[1])


def light(picture):
    """Which pixels are more line than ground."""
    return picture[..., 0] > LINES[128, 0]


def test_a_waveform_reaches_from_the_lowest_to_the_highest_sample():
    square = np.repeat([1.0, -1.0, 0.5, 0.0], 100)
    picture = Waveforms(sounds(square), 40, 4)[0]
    assert [np.flatnonzero(column).tolist() for column in light(picture).T[:3]] == [[0], [39], [10]]
    assert (picture[:19, 3] == LINES[0]).all()
    assert (picture[19:21, 3] == LINES[127]).all()  # zero lies between the two pixels in the middle
    assert (picture[21:, 3] == LINES[0]).all()
    tone = light(Waveforms(sounds(sine(400)), 40, 50)[0])
    assert tone.all()  # several periods of full scale in each column
    quiet = light(Waveforms(sounds(sine(400, loud=0.5)), 40, 50)[0])
    assert quiet.sum(axis=0).tolist() == [20] * 50


def test_a_waveform_is_what_slow_arithmetic_gives():
    held = many(8, 700)
    pictures = Waveforms(held, 32, 50)[:]
    for row, column in itertools.product(range(8), range(50)):
        length = int(held.lengths[row])
        start, stop = length * column // 50, length * (column + 1) // 50
        part = held.samples[row, start : max(stop, start + 1)] / 32768
        y = np.arange(32)
        top, bottom = 16 - 15.5 * part.max() - 0.5, 16 - 15.5 * part.min() + 0.5
        cover = np.clip(np.minimum(y + 1, bottom) - np.maximum(y, top), 0, 1)
        assert np.abs(pictures[row, :, column].astype(int) - LINES[(cover * 255).astype(int)]).max() <= 1


def test_a_sound_fills_the_width_whatever_follows_it():
    alone = sine(300, 0.5, 0.7)
    for kind in (Waveforms, Spectrograms):
        same = kind(sounds(alone))[0].astype(int) - kind(sounds(alone, length=3 * len(alone)))[0]
        assert np.abs(same).max() <= 1


def test_a_very_long_sound_is_thinned_out_and_keeps_its_outline(monkeypatch):
    noise = np.random.default_rng(0).uniform(-0.8, 0.8, 100_000) * np.linspace(0, 1, 100_000)
    exact = Waveforms(sounds(noise))[0]
    monkeypatch.setattr(display, "_LOOKED_AT", 100)
    thinned = Waveforms(sounds(noise))[0]
    assert not np.array_equal(exact, thinned)
    assert np.abs(light(exact).sum(axis=0).astype(int) - light(thinned).sum(axis=0)).max() <= 3


@pytest.mark.parametrize("rate", [100, 8000, 48_000, 384_000])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_tone_is_a_bright_line_at_its_frequency(rate, share):
    tone = sine(share * rate / 2, 1.0, 0.5, rate)
    pictures = Spectrograms(sounds(tone, rate=rate), 40, 20)
    brightness = pictures[0].astype(int).sum(axis=(1, 2))
    assert abs((39 - int(brightness.argmax())) / 40 - share) < 0.1


def test_a_spectrogram_tells_when():
    click = np.concatenate([np.zeros(6000), sine(1000, 0.25)])
    brightness = Spectrograms(sounds(click), 40, 40)[0].astype(int).sum(axis=(0, 2))
    assert brightness[:28].max() < brightness[32:].min()
    assert (Spectrograms(sounds(click), 40, 40)[0][:, :28] == HEAT[0]).all()


def test_colours_say_decibels_of_a_sine_at_full_scale():
    # -50 dB is in the middle of -90 to -10 dB; 1,000 Hz is a frequency of the transform
    picture = Spectrograms(sounds(sine(1000, loud=10 ** (-50 / 20))), 129, 20)[0]
    assert np.abs(picture[128 - 32, 10].astype(int) - HEAT[127]).max() <= 3
    assert (Spectrograms(sounds(sine(1000)), 129, 20)[0][128 - 32, 10] == HEAT[255]).all()


def test_the_colours_get_ever_lighter():
    for colours in (LINES, HEAT):
        assert colours.shape == (256, 3)
        luminance = colours @ [0.2126, 0.7152, 0.0722]
        assert (np.diff(luminance) > -0.75).all()  # rounding
        assert (np.diff(luminance[::8]) > 0).all()


@pytest.mark.parametrize(
    ("sound", "rate", "line"),
    [
        (sine(400, 0.64, 0.7), 8000, "0.64 s, 8,000 Hz, peak -3.1 dB"),
        (sine(400, 0.5), 8000, "0.50 s, 8,000 Hz, peak 0.0 dB"),
        (np.full(441, -32768 / 32767), 44_100, "0.01 s, 44,100 Hz, peak 0.0 dB"),
        (np.full(100, -1 / 32767), 100, "1.00 s, 100 Hz, peak -90.3 dB"),
        (np.zeros(800), 8000, "0.10 s, 8,000 Hz, silent"),
        (np.zeros(0), 8000, "0.00 s, 8,000 Hz, silent"),
    ],
)
def test_a_sound_in_one_line(sound, rate, line):
    assert describe_sound(sounds(np.ones(9000), sound, rate=rate), 1) == line
