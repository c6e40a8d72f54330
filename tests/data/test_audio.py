"""Sound files: what is in them comes out as it is, or one reason says why not."""

import contextlib
import io
import struct
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.data_config import DataConfig
from genstudio.core.errors import InputError
from genstudio.data import audio
from genstudio.data.audio import Audio, AudioFacts


def written(samples, rate=8000, form="WAV", subtype=None):
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, format=form, subtype=subtype)
    return buffer.getvalue()


def sine(hertz, rate, seconds=1.0, loud=0.5):
    return loud * np.sin(2 * np.pi * hertz * np.arange(round(rate * seconds)) / rate)


def noise(count, seed=0):
    return np.random.default_rng(seed).integers(-32768, 32768, count).astype(np.int16)


def reason(call):
    """The reason of a refusal; anything but that fails the test."""
    with pytest.raises(InputError) as caught:
        call()
    text = str(caught.value)
    assert text[0].islower()  # it goes on from the file's name
    assert "object at" not in text
    return text


def long_flac(frames):
    """A FLAC file of 100 samples that claims any number of them (36 bits from byte 21 on)."""
    data = bytearray(written(noise(100), form="FLAC"))
    word = int.from_bytes(data[18:26], "big")
    data[18:26] = (word >> 36 << 36 | frames).to_bytes(8, "big")
    return bytes(data)


@pytest.mark.parametrize(
    ("form", "subtype", "rate"),
    [
        ("WAV", "PCM_16", 8000),
        ("WAV", "PCM_24", 44_100),
        ("WAV", "FLOAT", 100),
        ("WAV", "DOUBLE", 384_000),
        ("WAVEX", "PCM_16", 8000),
        ("FLAC", "PCM_16", 8000),
        ("OGG", "VORBIS", 44_100),
        ("OGG", "OPUS", 48_000),
        ("MP3", None, 44_100),
        ("AIFF", "PCM_16", 22_050),
    ],
)
def test_every_format_is_probed_and_decoded(form, subtype, rate):
    data = written(np.stack([sine(rate / 50, rate)] * 2, 1), rate, form, subtype)
    assert audio.probe(data, "a") == AudioFacts(rate, rate, 2)
    samples, held = Audio(rate, rate + 10).decode(data, "a")
    assert samples.dtype == np.int16
    assert samples.shape == (rate + 10,)
    assert held == rate
    assert not samples[rate:].any()
    wrong = np.abs(samples[:rate] - 32768 * sine(rate / 50, rate))
    assert wrong[rate // 50 : -rate // 50].max() < 1000  # MP3, Vorbis and Opus lose a little, more at the ends


@given(st.lists(st.integers(-32768, 32767), min_size=1, max_size=300), st.integers(1, 400), st.sampled_from("wf"))
def test_16_bit_sound_of_the_rate_comes_out_bit_by_bit(values, length, form):
    given = np.array(values, np.int16)
    data = (audio.wav if form == "w" else audio.flac)(given, 8000)
    samples, held = Audio(8000, length).decode(data, "a")
    assert held == min(len(values), length)
    assert samples.tolist() == [*values[:length], *[0] * (length - held)]


def test_channels_become_one_as_asked():
    left, right = noise(500), noise(500, 1)
    data = written(np.stack([left, right], 1))
    decoded = {mix: Audio(8000, 500, mix=mix).decode(data, "a")[0] for mix in ("left", "right", "mix")}
    assert np.array_equal(decoded["left"], left)
    assert np.array_equal(decoded["right"], right)
    assert np.array_equal(decoded["mix"], np.rint((left.astype(float) + right) / 2))
    assert np.array_equal(Audio(8000, 500, mix="right").decode(written(left), "a")[0], left)  # mono has no other


@pytest.mark.parametrize(("before", "after"), [(44_100, 8000), (8000, 44_100), (48_000, 16_000), (384_000, 8000)])
def test_a_resampled_sine_keeps_pitch_and_loudness(before, after):
    samples, held = Audio(after, after).decode(written(sine(440, before), before, subtype="PCM_24"), "a")
    assert held == after
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(after)))
    assert int(spectrum.argmax()) == 440  # bins of 1 Hz
    middle = samples[after // 4 : -after // 4].astype(float)
    assert np.sqrt((middle**2).mean()) == pytest.approx(0.5 * 32768 / np.sqrt(2), rel=0.01)


@pytest.mark.parametrize(("before", "after"), [(44_100, 8000), (8000, 44_100), (16_000, 16_000)])
def test_reading_no_more_than_is_needed_changes_nothing(before, after):
    data = written(noise(4 * before) // 2, before)
    whole = Audio(after, 4 * after).decode(data, "a")[0]
    part = Audio(after, after // 2).decode(data, "a")[0]
    assert np.abs(part.astype(int) - whole[: after // 2]).max() <= 1


def test_silence_is_trimmed_at_both_ends_only():
    rate = 8000
    tone = sine(400, rate, 0.2)
    quiet = sine(400, rate, 0.5, loud=0.5 * 10 ** (-45 / 20))
    sound = np.concatenate([quiet, tone, quiet, tone, quiet])
    samples, held = Audio(rate, 2 * rate, trim=True).decode(written(sound), "a")
    assert held == round((0.2 + 0.5 + 0.2) * rate)
    assert np.abs(samples[:held] - 32768 * sound[4000 : 4000 + held]).max() <= 1
    louder = np.concatenate([quiet * 3, tone])  # 35 dB below the tone is not silence
    assert Audio(rate, rate, trim=True).decode(written(louder), "a")[1] == len(louder)


def test_silence_throughout_is_kept_when_trimmed():
    assert Audio(8000, 500, trim=True).decode(written(np.zeros(300)), "a")[1] == 300


def test_too_loud_floats_are_clipped():
    samples, _ = Audio(8000, 4).decode(written(np.array([1.5, -1.5, 1.0, -1.0]), subtype="FLOAT"), "a")
    assert samples.tolist() == [32767, -32768, 32767, -32768]


@pytest.mark.parametrize("form", ["WAV", "AIFF", "FLAC"])
def test_f36_a_file_without_samples_is_refused(form):
    data = written(np.zeros(0), form=form)
    assert "no sound" in reason(lambda: audio.probe(data, "a.wav"))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_f36_numbers_that_are_not_finite_are_refused(value):
    sound = sine(440, 8000)
    sound[5000] = value
    data = written(sound, subtype="FLOAT")
    assert "not finite" in reason(lambda: Audio(8000, 8000).decode(data, "a.wav"))
    assert "not finite" in reason(lambda: Audio(4000, 4000, trim=True).decode(data, "a.wav"))


def test_f36_floats_on_another_scale_are_refused():
    data = written(sine(440, 8000) * 32768, subtype="FLOAT")
    assert "times as loud" in reason(lambda: Audio(8000, 8000).decode(data, "a.wav"))


@pytest.mark.parametrize(("rate", "works"), [(1, False), (99, False), (100, True), (384_000, True), (400_000, False)])
def test_f36_rates_out_of_the_ordinary(rate, works):
    data = written(noise(1000), rate)
    if works:
        facts = audio.probe(data, "a.wav")
        assert facts.rate == rate
        assert Audio(8000, 100).decode(data, "a.wav")[0].any()
    else:
        assert f"{rate:,} Hz" in reason(lambda: audio.probe(data, "a.wav"))


@pytest.mark.parametrize(("channels", "works"), [(64, True), (65, False), (1000, False)])
def test_f36_many_channels(channels, works):
    data = written(np.tile(sine(440, 8000, 0.1)[:, None], channels))
    if works:
        assert np.abs(Audio(8000, 800).decode(data, "a")[0] - 32768 * sine(440, 8000, 0.1)).max() < 2
    else:
        assert f"{channels:,} channels" in reason(lambda: audio.probe(data, "a"))


def test_f36_a_header_that_claims_2_31_samples_is_refused_without_taking_memory():
    tracemalloc.start()
    try:
        assert "claims 2,147,483,648 samples" in reason(lambda: audio.probe(long_flac(1 << 31), "a.flac"))
        data = bytearray(written(noise(100)))
        data[40:44] = struct.pack("<I", 1 << 31)
        assert "200 of 2,147,483,648 bytes" in reason(lambda: Audio(8000, 100).decode(bytes(data), "a.wav"))
        # within the limit of headers, and far more than there is
        reason(lambda: Audio(8000, 8000, trim=True).decode(long_flac(190_000_000), "a.flac"))
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("claimed", [0xFFFF_FFFF, 0x7FFF_F000, 0x7FFF_FFFF])
def test_f36_what_was_written_into_a_pipe_is_read_to_its_end(claimed):
    data = bytearray(written(noise(100)))
    data[40:44] = struct.pack("<I", claimed)
    assert np.array_equal(Audio(8000, 100).decode(bytes(data), "a")[0], noise(100))


@pytest.mark.parametrize("form", ["WAV", "AIFF", "FLAC"])
@pytest.mark.parametrize("share", [0.3, 0.7, 0.95])
def test_f36_a_file_that_was_cut_short_is_refused(form, share):
    data = written(noise(60_000) // 2, 22_050, form)
    assert len(Audio(22_050, 60_000).decode(data, "a")[0]) == 60_000
    reason(lambda: Audio(22_050, 60_000).decode(data[: int(len(data) * share)], "a"))


@pytest.mark.parametrize("form", ["MP3", "OGG"])
def test_f36_a_stream_that_was_cut_short_gives_what_is_there(form):
    data = written(noise(44_100) // 2, 44_100, form)
    samples, held = Audio(44_100, 44_100).decode(data[: round(len(data) * 0.7)], "a.mp3")
    assert 15_000 < held < 35_000
    assert np.array_equal(samples[: held - 2000], Audio(44_100, 44_100).decode(data, "a.mp3")[0][: held - 2000])


def test_blocks_of_an_mp3_join_without_a_gap(monkeypatch):
    data = written(sine(441, 44_100, 3.0), 44_100, "MP3")
    at_once = Audio(44_100, 132_300).decode(data, "a")[0]
    monkeypatch.setattr(audio, "_BLOCK", 5000)
    assert np.array_equal(Audio(44_100, 132_300).decode(data, "a")[0], at_once)
    assert np.abs(at_once[1000:-1000] - 32768 * sine(441, 44_100, 3.0)[1000:-1000]).max() < 500


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"R",
        b"ID3",
        b"\xff\xfb\x90\x64" + b"\0" * 50_000,
        b"\xff\xfb\x90\x64" * 5000,
        b"\xff\xfb" + np.random.default_rng(0).bytes(50_000),
        b"RIFF\x10\0\0\0WAVE",
        b"<!DOCTYPE html><html></html>",
        b"version https://git-lfs.github.com/spec/v1\n",
    ],
)
def test_f36_junk_called_a_sound_is_refused(data):
    assert "read" in reason(lambda: audio.probe(data, "a.mp3"))


def test_f36_a_format_that_is_not_read_is_told_by_its_suffix():
    assert "“.m4a”" in reason(lambda: audio.probe(b"\0\0\0\x20ftypM4A " + b"\0" * 100, "music/a.m4a"))
    for form in ("AU", "CAF", "W64", "RF64"):
        reason(lambda form=form: audio.probe(written(noise(100), form=form), "a.wav"))


@given(st.data())
def test_f36_flipped_bytes_give_a_sound_or_a_reason(data):
    form, subtype = data.draw(
        st.sampled_from([("WAV", "PCM_16"), ("WAV", "FLOAT"), ("FLAC", "PCM_16"), ("AIFF", "FLOAT")])
    )
    content = bytearray(written(sine(440, 8000, 0.05), form=form, subtype=subtype))
    for at in data.draw(st.lists(st.integers(0, 60), min_size=1, max_size=4)):
        content[at] = data.draw(st.integers(0, 255))
    with contextlib.suppress(InputError):
        facts = audio.probe(bytes(content), "a")
        assert facts.frames * facts.channels <= audio.MOST_SAMPLES
        samples, held = Audio(8000, 400, trim=data.draw(st.booleans())).decode(bytes(content), "a")
        assert samples.shape == (400,)
        assert 0 < held <= 400


@given(st.binary(max_size=400), st.sampled_from([b"", b"RIFF", b"fLaC", b"OggS", b"FORM"]))
def test_f36_any_bytes_give_a_reason(data, start):
    reason(lambda: audio.probe(start + data, "a.wav"))


def test_memory_that_is_missing_is_a_reason_too(monkeypatch):
    def none_left(*_, **__):
        raise MemoryError

    monkeypatch.setattr(soundfile.SoundFile, "read", none_left)
    assert "memory" in reason(lambda: Audio(8000, 10).decode(audio.wav(noise(10), 8000), "a"))


def test_a_sound_too_short_for_one_sample_at_the_rate_is_refused():
    assert "less than one sample" in reason(lambda: Audio(100, 100).decode(audio.wav(noise(3), 48_000), "a"))


def test_rate_and_length_are_those_of_most_and_the_longest():
    facts = [AudioFacts(8000, 16_000, 1), AudioFacts(44_100, 44_101, 2), AudioFacts(44_100, 22_050, 1)]
    assert audio.choose(facts, DataConfig()) == Audio(44_100, 88_200)
    assert audio.choose(facts[:1], DataConfig()) == Audio(8000, 16_000)
    assert audio.choose(facts[:2], DataConfig()).rate == 44_100  # equally many: the higher one, in any order
    assert audio.choose(facts[1::-1], DataConfig()).rate == 44_100
    assert audio.choose([AudioFacts(96_000, 9_600_000, 1)], DataConfig()) == Audio(48_000, 4 * 48_000)


def test_rate_length_trim_and_mix_are_those_asked_for():
    config = DataConfig(sample_rate=16_000, seconds=0.5, trim=True, mix="left")
    assert audio.choose([AudioFacts(8000, 100, 1)], config) == Audio(16_000, 8000, True, "left")
    assert audio.choose([AudioFacts(8000, 100, 1)], DataConfig(seconds=0.0001)).length == 1
    with pytest.raises(InputError, match="16 Hz"):
        audio.choose([AudioFacts(8000, 100, 1)], DataConfig(sample_rate=16))
    with pytest.raises(InputError, match="no sounds"):
        audio.choose([], DataConfig())


@pytest.mark.parametrize("write", [audio.wav, audio.flac])
@pytest.mark.parametrize("rate", [100, 8000, 192_000])
def test_what_is_exported_reads_back(write, rate):
    data = write(noise(2000), rate)
    back, found = soundfile.read(io.BytesIO(data), dtype="int16")
    assert found == rate
    assert np.array_equal(back, noise(2000))


def test_real_spoken_digits(real_data):
    with zipfile.ZipFile(real_data / "fsdd" / "fsdd_recordings.zip") as archive:
        names = [name for name in archive.namelist() if name.endswith(".wav")]
        facts = [audio.probe(archive.read(name), name) for name in names]
        form = audio.choose(facts, DataConfig())
        some = [(archive.read(name), facts[i].frames) for i, name in enumerate(names) if i % 100 == 0]
    assert len(facts) == 3000
    assert {(fact.rate, fact.channels) for fact in facts} == {(8000, 1)}
    seconds = [fact.frames / fact.rate for fact in facts]
    assert round(sum(seconds)) == 1312
    assert round(min(seconds), 2) == 0.14
    assert round(max(seconds), 2) == 2.28
    assert form == Audio(8000, max(fact.frames for fact in facts))
    for data, frames in some:
        samples, held = form.decode(data, "a.wav")
        assert held == frames
        assert samples[:held].tobytes() == soundfile.read(io.BytesIO(data), dtype="int16")[0].tobytes()
        assert Audio(8000, form.length, trim=True).decode(data, "a.wav")[1] <= held


def test_importing_what_handles_sounds_and_texts_loads_no_library_yet():
    names = [f"genstudio.data.{name}" for name in ("audio", "text", "codec", "display")]
    code = f"import sys, {', '.join(names)}; print({{'torch', 'soundfile', 'soxr', 'tokenizers'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stdout.strip() == "set()"
