"""Children that hang, crash, take memory or talk rubbish: one item is refused and the run goes on."""

import os
import signal
import sys
from pathlib import Path

import numpy as np
import PIL.Image
import psutil
import pytest
from decode_files import SMALL, children, png

from genstudio.core.errors import Cancelled, WorkError
from genstudio.data.decoding import pool
from genstudio.data.decoding.pool import Decoders, Facts, Refused
from genstudio.data.items import Blob, unwatched

pytestmark = pytest.mark.usefixtures("no_child_left")


posix = pytest.mark.skipif(sys.platform == "win32", reason="needs signals of a POSIX system")


@pytest.fixture(scope="session")
def huge(tmp_path_factory):
    """A picture of 41 megapixels with transparency: a second of work, and the memory to tell who is at it."""
    path = tmp_path_factory.mktemp("huge") / "huge.png"
    path.write_bytes(png(PIL.Image.new("RGBA", (6400, 6400))))
    return Blob(str(path))


def at_the_huge_one():
    """Children that hold the pixels of the huge picture right now."""
    found = []
    for child in children():
        try:
            if child.memory_info().rss > 130 << 20:
                found.append(child)
        except psutil.Error:
            pass  # ended in between
    return found


class Signal:
    """A watch that sends a signal to children at the huge picture, so many times."""

    def __init__(self, number, times):
        self.number, self.times, self.sent = number, times, set()

    def __call__(self, what, done, total):
        for child in at_the_huge_one():
            if len(self.sent) < self.times and child.pid not in self.sent:
                self.sent.add(child.pid)
                child.send_signal(self.number)


@posix
def test_f39_a_named_pipe_hangs_nothing(small, tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    with Decoders(1) as decoders:
        answers = decoders.probe([Blob(str(tmp_path / "pipe.png")), small[0][0]], unwatched)
    assert answers == [Refused("is not a plain file"), Facts("image", 8, 8, False, 1)]


def test_f33_a_picture_bomb_is_refused_and_takes_no_memory(file, small, array):
    bomb = file("bomb.png", png(PIL.Image.new("1", (13000, 13000))))
    most = 0

    def watch(what, done, total):
        nonlocal most
        most = max([most, *(child.memory_info().rss for child in children())])

    answer = Refused("is too large (169 megapixels, the limit is 64)")
    out = array((2, 8, 8, 3))
    with Decoders(1) as decoders:
        assert decoders.probe([bomb], watch) == [answer]
        assert decoders.decode_images([bomb, small[0][0]], SMALL, out, watch) == [answer, None]
    assert most < 130 << 20
    assert np.array_equal(np.load(out)[1], small[1][0])


@posix
def test_f33_what_needs_more_memory_than_a_child_may_take_is_refused(huge, small, array):
    out = array((3, 8, 8, 3))
    with Decoders(1, memory=300 << 20) as decoders:
        answers = decoders.decode_images([small[0][0], huge, small[0][1]], SMALL, out, unwatched)
    assert answers == [None, Refused("needs too much memory to read"), None]
    assert np.array_equal(np.load(out)[[0, 2]], small[1][:2])


def test_an_item_that_takes_too_long_is_refused(huge, array):
    with Decoders(1, seconds=0.1) as decoders:
        answers = decoders.decode_images([huge], SMALL, array((1, 8, 8, 3)), unwatched)
    assert answers == [Refused("took longer than 0.1 s to read")]


@posix
def test_a_child_that_hangs_costs_one_item_only(huge, small, array, monkeypatch):
    out = array((4, 8, 8, 3))
    watch = Signal(signal.SIGSTOP, 1)
    with Decoders(1, seconds=1.0) as decoders:
        answers = decoders.decode_images([small[0][0], huge, *small[0][1:3]], SMALL, out, watch)
    assert answers == [None, Refused("took longer than 1 s to read"), None, None]
    assert np.array_equal(np.load(out)[[0, 2, 3]], small[1][:3])


@posix
def test_a_child_that_is_killed_once_costs_nothing_and_twice_its_item(huge, small, array):
    blobs = [small[0][0], huge, small[0][1]]
    out = array((3, 8, 8, 3))
    with Decoders(1, seconds=60) as decoders:
        once = Signal(signal.SIGKILL, 1)
        assert decoders.decode_images(blobs, SMALL, out, once) == [None, None, None]
        assert len(once.sent) == 1
        twice = Signal(signal.SIGKILL, 2)
        answers = decoders.decode_images(blobs, SMALL, out, twice)
        assert len(twice.sent) == 2
    assert answers == [None, Refused("crashed the decoder"), None]
    assert np.array_equal(np.load(out)[[0, 2]], small[1][:2])


def test_f39_cancelling_ends_all_children_in_the_middle_of_their_work(huge, array):
    def watch(what, done, total):
        if at_the_huge_one():
            raise Cancelled("enough")

    with Decoders(2, seconds=60) as decoders:
        blobs = [huge] * 40
        with pytest.raises(Cancelled):
            decoders.decode_images(blobs, SMALL, array((40, 8, 8, 3)), watch)
        assert children() == []
        assert len(decoders.probe(blobs[:2], unwatched)) == 2  # and it can go on


@pytest.mark.parametrize("when", [0, 40])
def test_cancelling_at_the_start_and_at_the_end_leaves_nothing(small, when):
    def watch(what, done, total):
        if done >= when:
            raise Cancelled("enough")

    with Decoders(2) as decoders:
        with pytest.raises(Cancelled):
            decoders.probe(small[0], watch)
        assert children() == []


@pytest.fixture
def impostor(tmp_path, monkeypatch):
    """Makes a program that is started instead of our child."""

    def make(code):
        path = tmp_path / "impostor"
        path.write_text(f"#!{sys.executable}\nimport sys, time\nout = sys.stdout.buffer\n{code}\n", encoding="utf-8")
        path.chmod(0o755)
        monkeypatch.setattr(sys, "executable", str(path))

    return make


@posix
@pytest.mark.parametrize("code", ["", "out.write(b'hello, this is no frame at all')", "sys.exit(3)"])
def test_children_that_never_get_ready_are_an_error_in_words(impostor, small, code):
    impostor(code)
    with Decoders(2) as decoders, pytest.raises(WorkError, match="no process could be started for it"):
        decoders.probe(small[0], unwatched)


def test_a_program_that_is_not_there_is_an_error_in_words(small, monkeypatch, tmp_path):
    monkeypatch.setattr(sys, "executable", str(tmp_path / "no-python"))
    with Decoders(2) as decoders, pytest.raises(WorkError, match="No such file"):
        decoders.probe(small[0], unwatched)


READY = r"out.write(b'\0\0\0\x07\"ready\"\0\0\0\x07\"begun\"');"
ANSWERS = [
    b"\xff\xff\xff\xffrubbish", b"\0\0\0\x02[]", b"\0\0\0\x0270", b"\0\0\0\x03\xff\xfe\xfd", b"\0\0\0\x09{\"ok\": 0}",
    b"\0\0\0\x16{\"ok\": {\"kind\": \"cat\"}}",
]  # fmt: skip


@posix
@pytest.mark.parametrize("answer", ANSWERS)
def test_a_child_that_talks_rubbish_is_as_good_as_dead(impostor, small, answer):
    impostor(f"{READY} out.write({answer!r}); out.flush(); time.sleep(60)")
    with Decoders(1) as decoders:
        assert decoders.probe(small[0][:1], unwatched) == [Refused("crashed the decoder")]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs the device that is always full")
def test_a_full_disk_is_no_fault_of_a_file(small, array, monkeypatch):
    monkeypatch.setattr(pool, "_layout", lambda *_: {"path": "/dev/full", "offset": 0, "row": 192})
    with Decoders(2) as decoders, pytest.raises(WorkError, match=r"cannot be written to “/dev/full”: No space left"):
        decoders.decode_images(small[0], SMALL, array((40, 8, 8, 3)), unwatched)


def test_an_array_that_is_not_there_is_an_error_in_words(small, tmp_path):
    with Decoders(1) as decoders, pytest.raises(WorkError, match=r"gone\.npy”"):
        decoders.decode_images(small[0], SMALL, tmp_path / "gone.npy", unwatched)
