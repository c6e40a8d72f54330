"""The open run and its job, without a window: phases, what is refused, and what is left on the disk."""

import shutil
import threading

import pytest
from filelock import FileLock
from PIL import Image
from PySide6.QtCore import QObject, QThread

from genstudio.app.session import Session, move_to_bin
from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.errors import InputError
from genstudio.core.events import Edited, Preparing, Progress, Started
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.run import Run

LONG = 60_000
KNOBS = {"network": "mlp", "width": 4, "latent_dim": 3}


def spec_of(data="digits", **training):
    values = {"steps": 0, "batch_size": 16, "threads": 1, "device": "cpu", **training}
    return RunSpec(family="vae", data=data, knobs=KNOBS, training=TrainingConfig.parse(values))


class Heard(QObject):
    """Everything a session says."""

    def __init__(self, session):
        super().__init__()
        self.phases, self.events, self.ended, self.opened, self.binned, self.problems = [], [], [], [], [], []
        self.threads = set()
        session.phase_changed.connect(self.phases.append)
        session.events.connect(self.hear)
        session.ended.connect(lambda *told: self.ended.append(told))
        session.opened.connect(self.opened.append)
        session.discarded.connect(self.binned.append)
        session.work.problem.connect(lambda error: self.problems.append(str(error)))

    def hear(self, events):
        self.threads.add(QThread.currentThread())
        self.events += events


@pytest.fixture
def session(qtbot):
    session = Session()
    yield session
    session.close()


@pytest.fixture
def heard(session):
    return Heard(session)


def until(qtbot, condition):
    qtbot.waitUntil(lambda: bool(condition()), timeout=LONG)


def quiet(qtbot, session):
    until(qtbot, lambda: not session.running and not session.work._newest)


def trained(qtbot, session, path, **training):
    session.train(spec_of(**{"steps": 6, **training}), path)
    quiet(qtbot, session)
    assert Run.open(path).document.state == "finished"


def test_phases_of_a_training_in_order(qtbot, session, heard, tmp_path):
    trained(qtbot, session, tmp_path / "r")
    assert heard.phases == ["starting", "training", "idle"]
    assert heard.ended == [("finished", "", "")]
    assert session.path == tmp_path / "r"
    assert isinstance(heard.events[0], Started)
    assert heard.threads == {session.thread()}


def test_pause_resume_and_stop(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    session.pause()  # not yet: nothing trains
    assert session.phase == "starting"
    until(qtbot, lambda: session.phase == "training")
    session.resume()  # not paused
    session.pause()
    session.pause()
    assert session.phase == "paused"
    session.resume()
    session.stop()
    session.stop()
    assert session.phase == "stopping"
    session.pause()  # too late
    quiet(qtbot, session)
    assert heard.phases == ["starting", "training", "paused", "training", "stopping", "idle"]
    assert heard.ended == [("stopped", "", "")]
    assert Run.open(tmp_path / "r").saved_step() == Run.open(tmp_path / "r").document.step


@pytest.fixture
def photos(tmp_path):
    folder = tmp_path / "photos"
    folder.mkdir()
    for i in range(300):
        Image.new("RGB", (40, 40), (i % 256, 90, 200)).save(folder / f"{i}.png")
    return str(folder)


def test_a_folder_is_prepared_before_its_training_and_one_sees_how_far(qtbot, session, heard, photos, tmp_path):
    session.train(spec_of(photos, steps=3), tmp_path / "r")
    quiet(qtbot, session)
    kinds = [type(event) for event in heard.events]
    assert kinds[0] is Preparing
    assert kinds.index(Started) > max(i for i, kind in enumerate(kinds) if kind is Preparing)
    assert heard.events[0].what
    assert heard.phases == ["starting", "training", "idle"]
    assert Run.open(tmp_path / "r").document.data.count == 300


def test_f47_stop_while_data_is_prepared_ends_at_once_and_leaves_no_run(qtbot, session, heard, photos, tmp_path):
    session.train(spec_of(photos), tmp_path / "r")
    until(qtbot, lambda: heard.events)
    assert session.phase == "starting"
    session.stop()
    quiet(qtbot, session)
    assert heard.ended == [("stopped", "", "")]
    assert session.path is None
    assert not (tmp_path / "r").exists()


def test_without_a_job_the_buttons_do_nothing(session, heard):
    for act in (session.pause, session.resume, session.stop):
        act()
    session.edit("beta", 2.0)
    assert (session.phase, heard.phases) == ("empty", [])


def test_going_on_goes_on_at_the_step_of_the_checkpoint(qtbot, session, heard, tmp_path):
    trained(qtbot, session, tmp_path / "r")
    session.go_on(Run.open(tmp_path / "r").document.spec(), spec_of(steps=9).training)
    quiet(qtbot, session)
    assert [event.step for event in heard.events if isinstance(event, Started)] == [0, 6]
    assert Run.open(tmp_path / "r").document.step == 9


def test_an_edit_lands_on_a_step(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: session.phase == "training")
    session.edit("beta", 4.0)
    until(qtbot, lambda: any(isinstance(event, Edited) for event in heard.events))
    session.stop()
    quiet(qtbot, session)
    assert Run.open(tmp_path / "r").document.knobs["beta"] == 4.0


def test_late_words_of_a_job_that_ended_are_not_heard(qtbot, session, heard, tmp_path):
    session.train(spec_of(steps=3), tmp_path / "a")
    old = session._job
    quiet(qtbot, session)
    session.train(spec_of(), tmp_path / "b")
    until(qtbot, lambda: session.phase == "training")
    count = len(heard.ended)
    old._keep(Progress(99_999, None, None, 0.0, 0.0, None, 0, None))
    old.ready.emit()
    old.ended.emit("failed", "an old grief", "")
    assert session.phase == "training"
    assert session.running
    session.stop()
    quiet(qtbot, session)
    assert [told[0] for told in heard.ended[count:]] == ["stopped"]
    assert not any(isinstance(event, Progress) and event.step == 99_999 for event in heard.events)


def test_one_training_at_a_time(qtbot, session, heard, tmp_path):
    trained(qtbot, session, tmp_path / "old")
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: session.phase == "training")
    with pytest.raises(InputError, match="stop it first"):
        session.train(spec_of(), tmp_path / "s")
    with pytest.raises(InputError, match="stop it first"):
        session.go_on(spec_of(), spec_of().training)
    assert not (tmp_path / "s").exists()
    session.open(tmp_path / "old")
    assert "stop it before you open another run" in heard.problems[-1]
    session.bin(tmp_path / "r")
    assert "stop it before you delete it" in heard.problems[-1]
    assert (tmp_path / "r").exists()


def test_going_on_needs_a_run(session):
    with pytest.raises(InputError, match="open one first"):
        session.go_on(spec_of(), spec_of().training)


def test_f09_what_cannot_begin_leaves_no_folder(qtbot, session, heard, tmp_path):
    session.train(spec_of(data=str(tmp_path / "gone")), tmp_path / "r")
    quiet(qtbot, session)
    ((state, text, _),) = heard.ended
    assert state == "failed"
    assert str(tmp_path / "gone") in text
    assert session.phase == "empty"
    assert session.path is None
    assert not (tmp_path / "r").exists()


def test_a_folder_that_holds_something_is_never_written_to(qtbot, session, heard, tmp_path):
    (tmp_path / "r").mkdir()
    (tmp_path / "r" / "precious").write_text("mine")
    session.train(spec_of(), tmp_path / "r")
    quiet(qtbot, session)
    assert "is not empty" in heard.ended[0][1]
    assert [p.name for p in (tmp_path / "r").iterdir()] == ["precious"]


def test_f23_a_folder_that_cannot_be_written_fails_in_words(qtbot, session, heard, tmp_path, monkeypatch):
    monkeypatch.setattr(atomic, "faults", Faults("open:0:EROFS"))
    session.train(spec_of(), tmp_path / "r")
    quiet(qtbot, session)
    assert heard.ended[0][0] == "failed"
    assert str(tmp_path / "r") in heard.ended[0][1]
    monkeypatch.setattr(atomic, "faults", Faults())
    trained(qtbot, session, tmp_path / "s")


def test_f47_stop_while_the_data_is_being_read(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    session.stop()
    assert session.phase == "stopping"
    quiet(qtbot, session)
    assert heard.ended[0][0] == "stopped"
    assert Run.open(tmp_path / "r").saved_step() == 0


def test_discard_moves_the_run_to_the_bin(qtbot, session, heard, tmp_path, bin_folder):
    session.train(spec_of(), tmp_path / "to be discarded")
    until(qtbot, lambda: session.phase == "training")
    session.stop(discard=True)
    assert session.discarding
    until(qtbot, lambda: heard.binned)
    assert heard.binned == [tmp_path / "to be discarded"]
    assert not (tmp_path / "to be discarded").exists()
    assert (bin_folder / "to be discarded" / "run.json").exists()
    assert (session.phase, session.path, session.discarding) == ("empty", None, False)


def test_stop_after_discard_does_not_save_the_run_from_the_bin(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: session.phase == "training")
    session.stop(discard=True)
    session.stop()
    until(qtbot, lambda: heard.binned)
    assert not (tmp_path / "r").exists()


def test_a_run_that_the_bin_refuses_is_kept_and_shown(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: session.phase == "training")
    session.stop(discard=True)
    held = FileLock(tmp_path / "r" / ".lock")
    session.ended.connect(lambda *_: held.acquire(timeout=0))  # another program takes it at the wrong moment
    until(qtbot, lambda: heard.opened)
    held.release()
    assert "is being trained by another program" in heard.problems[0]
    assert heard.opened[0].path == tmp_path / "r"
    assert (session.phase, session.discarding) == ("idle", False)


def test_f28_a_run_that_another_program_trains_can_be_looked_at_only(qtbot, session, heard, tmp_path):
    trained(qtbot, session, tmp_path / "r")
    with FileLock(tmp_path / "r" / ".lock", timeout=0):
        session.open(tmp_path / "r")
        until(qtbot, lambda: heard.opened)
        assert heard.opened[0].document.step == 6
        session.bin(tmp_path / "r")
        until(qtbot, lambda: heard.problems)
        assert "stop it there first" in heard.problems[0]
        session.go_on(heard.opened[0].document.spec(), spec_of(steps=9).training)
        quiet(qtbot, session)
        assert heard.ended[-1][0] == "failed"
        assert "is being trained by another program" in heard.ended[-1][1]
    assert Run.open(tmp_path / "r").document.step == 6
    assert session.path == tmp_path / "r"


def test_f24_a_run_folder_moved_away_is_said_and_not_made_again(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: any(isinstance(event, Progress) for event in heard.events))
    shutil.move(tmp_path / "r", tmp_path / "elsewhere")
    session.stop()
    quiet(qtbot, session)
    assert heard.ended[0][0] == "failed"
    assert "moved or deleted" in heard.ended[0][1]
    assert not (tmp_path / "r").exists()
    assert (session.phase, session.path) == ("empty", None)
    session.open(tmp_path / "elsewhere")
    until(qtbot, lambda: heard.opened)


def test_closing_stops_saves_and_leaves_no_thread(qtbot, session, heard, tmp_path):
    session.train(spec_of(), tmp_path / "r")
    until(qtbot, lambda: session.phase == "training")
    session.pause()
    assert session.close()
    assert not session.running
    assert Run.open(tmp_path / "r").state() == "stopped"
    assert [t for t in threading.enumerate() if not t.daemon] == [threading.main_thread()]


def test_the_newest_run_asked_for_is_the_one_opened(qtbot, session, heard, tmp_path):
    for name in "ab":
        trained(qtbot, session, tmp_path / name)
    for name in "abab":
        session.open(tmp_path / name)
    quiet(qtbot, session)
    assert [found.path.name for found in heard.opened] == ["b"]
    assert session.path == tmp_path / "b"


def test_what_is_no_run_is_a_sentence(qtbot, session, heard, tmp_path):
    session.open(tmp_path)
    until(qtbot, lambda: heard.problems)
    assert "There is no run at" in heard.problems[0]
    assert str(tmp_path) in heard.problems[0]
    with pytest.raises(InputError, match="There is no run at"):
        move_to_bin(tmp_path / "nothing")


def test_f48_a_new_run_that_takes_the_name_of_one_just_binned_goes_on(qtbot, session, heard, tmp_path):
    trained(qtbot, session, tmp_path / "r")
    session.bin(tmp_path / "r")
    until(qtbot, lambda: not (tmp_path / "r").exists() or heard.binned)
    heard.binned.clear()
    session.train(spec_of(), tmp_path / "r")
    session._binned(tmp_path / "r")  # the answer of the bin comes now
    assert session.running
    assert (session.phase, session.path) == ("starting", tmp_path / "r")
    session.stop()
    quiet(qtbot, session)
    assert Run.open(tmp_path / "r").state() == "stopped"
