"""Decoding in child processes: equal results whatever their number."""

import subprocess
import sys
import threading
import zipfile

import numpy as np
import pytest
from decode_files import RANDOM, SMALL, children, png

from genstudio.data import audio
from genstudio.data.decoding.pool import Decoders, Facts, Refused
from genstudio.data.items import Blob, unwatched

pytestmark = pytest.mark.usefixtures("no_child_left")


def test_all_kinds_of_blobs_are_probed_and_decoded(file, array, tmp_path, small):
    blobs, pixels = small
    spool = b"".join(png(p) for p in pixels[:2])
    first = len(png(pixels[0]))
    file("spool", spool)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("x/2.png", png(pixels[2]))
    mixed = [
        Blob(str(tmp_path / "spool"), start=0, size=first),
        Blob(str(tmp_path / "spool"), start=first, size=len(spool) - first),
        Blob(str(tmp_path / "a.zip"), "x/2.png"),
        blobs[3],
    ]
    out = array((4, 8, 8, 3))
    with Decoders(2) as decoders:
        assert decoders.probe(mixed, unwatched) == [Facts("image", 8, 8, False, 1)] * 4
        assert decoders.decode_images(mixed, SMALL, out, unwatched) == [None] * 4
    assert np.array_equal(np.load(out), pixels[:4])


def test_results_do_not_depend_on_the_number_of_children(small, file, array):
    blobs = [*small[0], file("bad.png", b"\x89PNG\r\n\x1a\nbad"), file("empty.png", b"")]
    blobs = [blobs[i] for i in np.random.default_rng(1).permutation(len(blobs))]
    results = []
    for workers in (1, 3):
        out = array((len(blobs), 8, 8, 3), name=f"{workers}.npy")
        with Decoders(workers) as decoders:
            results.append((decoders.probe(blobs, unwatched), decoders.decode_images(blobs, SMALL, out, unwatched)))
        results[-1] += (out.read_bytes(),)
    assert results[0] == results[1]
    assert sum(isinstance(answer, Refused) for answer in results[0][1]) == 2


def test_nothing_to_do_starts_no_child(array):
    with Decoders() as decoders:
        assert decoders.probe([], unwatched) == []
        assert decoders.decode_images([], SMALL, array((0, 8, 8, 3)), unwatched) == []
        assert children() == []


def test_sounds_and_texts_are_decoded(file, array):
    samples = RANDOM.integers(-30000, 30000, 700).astype(np.int16)
    sound, text = file("a.png", audio.wav(samples, 8000)), file("b.png", "häß\r\nb".encode())
    out = array((2, 1000), np.int16)
    with Decoders(1) as decoders:
        assert decoders.probe([sound, text], unwatched) == [
            Facts("audio", frames=700, rate=8000, channels=1, seconds=0.0875),
            Facts("text"),
        ]
        lengths = decoders.decode_sounds([sound, text], audio.Audio(8000, 1000), out, unwatched)
        assert lengths[0] == 700
        assert isinstance(lengths[1], Refused)
        assert decoders.read_texts([text, sound], unwatched) == ["häß\nb", Refused("is a sound (WAV)")]
    rows = np.load(out)
    assert np.array_equal(rows[0, :700], samples)
    assert not rows[0, 700:].any()
    assert not rows[1].any()


def test_a_long_text_comes_through(file):
    text = "äöü and so on\n" * 200_000
    with Decoders(1) as decoders:
        assert decoders.read_texts([file("long.txt", text.encode())], unwatched) == [text]


def test_f31_what_cannot_be_used_is_refused_with_words_that_go_on_from_its_name(file, tmp_path):
    blobs = [
        file("empty.png", b""),
        file("lfs.png", b"version https://git-lfs.github.com/spec/v1\n"),
        file("page.png", b"<!doctype html>"),
        file("code.png", b"\x80\x04\x95."),
        file("noise.png", bytes(range(256))),
        file("cut.png", png(RANDOM.integers(0, 256, (64, 64, 3), np.uint8))[:30]),
        Blob(str(tmp_path / "gone.png")),
        Blob(str(tmp_path)),
    ]
    with Decoders(1) as decoders:
        answers = decoders.probe(blobs, unwatched)
    words = (
        "is empty",
        "is a Git LFS",
        "is a web page",
        "contains code",
        "is neither",
        "is ",
        "cannot be",
        "is not a",
    )
    for answer, start in zip(answers, words, strict=True):
        assert isinstance(answer, Refused)
        assert answer.reason.startswith(start)


def test_progress_is_told_in_the_callers_thread_and_ends_with_all(small):
    told = []

    def watch(what, done, total):
        told.append((done, total, threading.current_thread()))

    with Decoders(2) as decoders:
        decoders.probe(small[0], watch)
    assert told[0][0] == 0
    assert told[-1][0] == 40
    assert [done for done, _, _ in told] == sorted(done for done, _, _ in told)
    assert {(total, thread) for _, total, thread in told} == {(40, threading.main_thread())}


def test_decoding_imports_no_torch_and_is_safe_from_modules_in_the_working_directory(small, tmp_path, monkeypatch):
    (tmp_path / "numpy.py").write_text("raise SystemExit(1)", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with Decoders(1) as decoders:
        assert decoders.probe(small[0][:1], unwatched) == [Facts("image", 8, 8, False, 1)]
    code = "import sys, genstudio.data.decoding.worker; sys.exit('torch' in sys.modules or 'PySide6' in sys.modules)"
    assert subprocess.run([sys.executable, "-P", "-c", code], check=False).returncode == 0
