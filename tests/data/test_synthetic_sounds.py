"""The built-in sounds: what their factors say can be heard in them, and nothing else."""

import numpy as np
import pytest

from genstudio.data.synthetic import shapes, tones, trio


@pytest.fixture(scope="module")
def sets():
    """Both sets with sounds, once."""
    return {"tones": tones.load(), "trio": trio.load()}


def spectra(samples):
    """Strength per frequency, float [N, F], in steps of 1/4 Hz around which a Hann window keeps leaks small."""
    window = np.hanning(samples.shape[1])
    return np.abs(np.fft.rfft(samples * window, 4 * samples.shape[1], axis=1))


def rows_of(known, count=48, **wanted):
    matching = np.all([known[name] == value for name, value in wanted.items()], axis=0)
    return np.flatnonzero(matching)[:count]


def test_sounds_fill_their_second_without_clicks_or_clipping(sets):
    sounds = sets["tones"].audio
    assert (sounds.samples.shape, sounds.samples.dtype, sounds.rate) == ((2000, 16_000), np.int16, 16_000)
    assert (sounds.lengths == 16_000).all()
    for samples in (sounds.samples, sets["trio"].audio.samples):
        assert np.abs(samples[:, [0, -1]]).max() <= 1
        assert np.abs(samples[:, :16]).max() < 0.02 * 32_767
        assert 20_000 < samples.max() < 32_000
        assert samples.min() > -32_000


def test_pitch_of_a_sine_is_the_peak_of_its_spectrum(sets):
    known = tones.factors()
    rows = rows_of(known, timbre=0)
    peaks = spectra(sets["tones"].audio.samples[rows]).argmax(1) / 4
    expected = np.array([tones.frequency(int(p)) for p in known["pitch"][rows]])
    assert len(set(known["pitch"][rows])) > 12
    assert np.abs(peaks - expected).max() < 2  # half a semitone of the lowest is 3.2 Hz
    assert tones.frequency(24 - 12) == pytest.approx(220)
    assert [tones.note(p) for p in (0, 2, 3, 12, 23)] == ["A2", "B2", "C3", "A3", "G♯4"]


@pytest.mark.parametrize("timbre", range(8))
def test_partials_lie_where_the_timbre_has_them_and_nothing_is_aliased(sets, timbre):
    known = tones.factors()
    rows = rows_of(known, count=6, timbre=timbre)
    ratios = [ratio for ratio, *_ in tones._BELL] if tones.TIMBRES[timbre] == "bell" else range(1, 80)
    for row in rows:
        power = spectra(sets["tones"].audio.samples[[row]])[0] ** 2
        hertz, base = np.arange(len(power)) / 4, tones.frequency(int(known["pitch"][row]))
        near = np.min([np.abs(hertz - base * ratio) for ratio in ratios], axis=0) < 15
        assert power[near].sum() / power.sum() > 0.998
        assert power[hertz > 7300].sum() / power.sum() < 1e-5


def test_timbres_have_the_spectra_of_their_names(sets):
    known, samples = tones.factors(), sets["tones"].audio.samples

    def partials(timbre):
        row = rows_of(known, 1, timbre=tones.TIMBRES.index(timbre), loudness=2, envelope=0)[0]
        power, base = spectra(samples[[row]])[0], tones.frequency(int(known["pitch"][row]))
        peaks = [power[int(4 * base * k) - 8 : int(4 * base * k) + 9].max() for k in range(1, 8)]
        return np.array(peaks) / peaks[0]

    k = np.arange(1, 8)
    assert partials("sine")[1:].max() < 0.001
    assert partials("sawtooth") == pytest.approx(1 / k, abs=0.02)
    assert partials("square") == pytest.approx(np.where(k % 2, 1 / k, 0), abs=0.02)
    assert partials("triangle") == pytest.approx(np.where(k % 2, 1 / k**2, 0), abs=0.02)


def test_loudness_is_the_level_named_whatever_the_rest(sets):
    known, samples = tones.factors(), sets["tones"].audio.samples
    level = np.array([np.sqrt(np.mean(row.astype(float) ** 2)) for row in samples]) / 32_767
    assert level == pytest.approx(np.array(tones.LEVELS)[known["loudness"]], rel=0.01)
    assert 20 * np.diff(np.log10(tones.LEVELS)) == pytest.approx([8, 8], abs=0.1)


def test_envelopes_are_heard(sets):
    known, samples = tones.factors(), sets["tones"].audio.samples

    def loudness_over_time(envelope):
        rows = rows_of(known, 12, timbre=0, envelope=tones.ENVELOPES.index(envelope))
        blocks = samples[rows].reshape(len(rows), 20, 800).astype(float)
        level = np.sqrt((blocks**2).mean(2))
        return (level / level.max(1, keepdims=True)).mean(0)

    assert loudness_over_time("steady")[1:-1].min() > 0.95
    assert (np.diff(loudness_over_time("swelling"))[:-1] > 0).all()
    assert (np.diff(loudness_over_time("fading"))[1:] < 0).all()
    pulses = loudness_over_time("pulsing")
    assert np.abs(np.fft.rfft(pulses - pulses.mean())).argmax() == 5


def test_every_sound_has_factors_of_its_own_and_says_them(sets):
    known = tones.factors()
    table = np.stack(list(known.values()), 1)
    assert len(np.unique(table, axis=0)) == 2000
    assert np.array_equal(known["timbre"], sets["tones"].labels)
    t, p, loud, e = (int(known[name][7]) for name in ("timbre", "pitch", "loudness", "envelope"))
    said = f"{tones.TIMBRES[t]} {tones.note(p)}, {tones.LOUDNESSES[loud]}, {tones.ENVELOPES[e]}"
    assert sets["tones"].names[7] == said
    for name, kinds in (("pitch", 24), ("loudness", 3), ("envelope", 4)):
        assert np.bincount(known[name]).tolist() == pytest.approx([2000 / kinds] * kinds, rel=0.15)


# --- trio -------------------------------------------------------------------------------------------


def test_the_concept_can_be_read_from_the_sound(sets):
    concepts, samples = trio.concepts(), sets["trio"].audio.samples
    level = np.sqrt((samples.astype(np.float32) ** 2).mean(1)) / 32_767
    size = np.abs(np.log(level)[:, None] - np.log(tones.LEVELS)).argmin(1)
    assert np.array_equal(size, concepts[:, 2])
    sines = np.flatnonzero(concepts[:, 0] == tones.TIMBRES.index("sine"))[:60]
    peaks = spectra(samples[sines]).argmax(1) / 4
    steps = np.rint(12 * np.log2(peaks / 110)).astype(int) % 12
    assert np.array_equal(steps, np.array(trio.PITCH_CLASSES)[concepts[sines, 1]])
    assert len(set(trio.PITCH_CLASSES)) == len(shapes.COLOURS)
    assert len(tones.TIMBRES) == len(shapes.SHAPES)


def test_the_timbre_of_a_trio_is_the_one_of_its_shape(sets):
    known = trio.factors()
    for kind in range(8):
        row = int(np.flatnonzero(known["shape"] == kind)[0])
        one = [known[name][[row]] for name in ("shape", "pitch", "size", "envelope")]
        assert np.array_equal(tones.sounds(*one).samples[0], sets["trio"].audio.samples[row])
