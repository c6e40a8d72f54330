"""Runs that wait: their order, and that neither crash nor garbage nor a second program spoils them."""

import json

import pytest

from genstudio.core import atomic
from genstudio.core.atomic import Faults
from genstudio.core.errors import InputError, WorkError
from genstudio.core.spec import RunSpec, TrainingConfig
from genstudio.engine.queue import MOST, Queue


def spec_of(steps=5, **knobs):
    return RunSpec(family="vae", data="digits", knobs=knobs, training=TrainingConfig(steps=steps))


@pytest.fixture
def queue(tmp_path):
    queue = Queue(tmp_path / "runs")
    yield queue
    queue.close()


def filled(queue, *names):
    for name in names:
        queue.add(spec_of(), name)
    return queue


def names(queue):
    return [item.name for item in queue.items]


def reopened(queue):
    """The queue as the next session finds it."""
    queue.close()
    again = Queue(queue.folder)
    again.load()
    return again


def test_runs_wait_in_the_order_in_which_they_came(queue):
    filled(queue, "a", "b", "c")
    assert names(queue) == ["a", "b", "c"]
    assert queue.waiting == 3
    assert queue.next().name == "a"
    queue.mark(1, "training", run="a")
    assert (queue.next().name, queue.waiting) == ("b", 2)


def test_they_can_be_reordered_and_removed(queue):
    filled(queue, "a", "b", "c", "d")
    queue.order([3, 1, 99])
    assert names(queue) == ["c", "a", "b", "d"]
    queue.remove(1)
    queue.remove(42)
    assert names(queue) == ["c", "b", "d"]
    assert filled(queue, "e").items[-1].number == 5


def test_what_trains_is_not_removed_and_what_is_done_can_be_cleared(queue):
    filled(queue, "a", "b", "c", "d")
    for number, state in enumerate(("finished", "failed", "training", "waiting"), 1):
        queue.mark(number, state)
    queue.remove(3)
    queue.clear_done()
    assert names(queue) == ["c", "d"]


def test_a_queue_that_is_not_used_leaves_nothing_on_the_disk(queue):
    queue.load()
    queue.save() if queue.items else None
    queue.close()
    assert not queue.folder.exists()
    filled(queue, "a").save()
    queue.remove(1)
    queue.save()
    queue.close()
    assert list(queue.folder.iterdir()) == []


def test_the_next_session_finds_everything(queue):
    queue.add(spec_of(7, beta=2.0, network="mlp"), "first")
    queue.add(spec_of(8), "second")
    queue.mark(1, "failed", "The data is gone.", run="first")
    queue.save()
    again = reopened(queue)
    assert again.items == queue.items
    assert again.notes == []


def test_what_trained_when_the_program_died_waits_for_its_turn_again(queue):
    filled(queue, "a", "b")
    queue.mark(1, "training", run="a-2")
    queue.save()
    again = reopened(queue)
    assert [(i.state, i.run) for i in again.items] == [("interrupted", "a-2"), ("waiting", "")]
    assert again.next().run == "a-2"


@pytest.mark.parametrize("content", [b"", b"\x00\xff", b"[]", b"{}", b'{"items": {}}', b'{"items": 3}', b"[" * 9999])
def test_f25_garbage_is_put_aside_and_told(queue, content):
    queue.folder.mkdir()
    queue.path.write_bytes(content)
    queue.load()
    assert queue.items == ()
    assert "queue.json" in queue.notes[0]
    assert (queue.folder / "queue.json.bad").read_bytes() == content


@pytest.mark.parametrize(
    "spoil",
    [
        {"spec": {"family": "x" * 1000, "data": "digits"}}, {"run": "../elsewhere"}, {"state": "dancing"},
        {"number": -1}, {"number": True}, {"text": 3}, {"more": 1}, {"spec": {"family": "vae"}}, {"spec": "vae"},
    ],
)  # fmt: skip
def test_f25_of_a_spoilt_file_the_good_entries_are_kept(queue, spoil):
    filled(queue, "a", "b", "c").save()
    whole = json.loads(queue.path.read_text(encoding="utf-8"))
    whole["items"][1].update(spoil)
    queue.path.write_text(json.dumps(whole), encoding="utf-8")
    again = reopened(queue)
    assert names(again) == ["a", "c"]
    assert "not valid: 1" in again.notes[0]


def test_f44_cut_at_any_byte_it_is_whole_or_told(queue):
    filled(queue, "a").save()
    whole = queue.path.read_bytes()
    queue.close()
    for end in range(0, len(whole) - 1, 97):
        queue.path.write_bytes(whole[:end])
        again = Queue(queue.folder)
        again.load()
        assert again.items == ()
        assert again.notes


def test_f21_a_full_disk_keeps_the_file_from_before_and_the_entries_in_memory(queue, monkeypatch):
    filled(queue, "a").save()
    filled(queue, "b")
    monkeypatch.setattr(atomic, "faults", Faults("write:0:ENOSPC"))
    with pytest.raises(WorkError, match=r"queue\.json.*free some space"):
        queue.save()
    assert names(queue) == ["a", "b"]
    assert len(json.loads(queue.path.read_text(encoding="utf-8"))["items"]) == 1


def test_f28_a_second_program_may_look_but_not_change(queue):
    filled(queue, "a").save()
    other = Queue(queue.folder)
    other.load()
    assert names(other) == ["a"]
    with pytest.raises(InputError, match="another GenStudio"):
        other.add(spec_of(), "b")
    with pytest.raises(InputError, match="another GenStudio"):
        other.mark(1, "training")
    queue.add(spec_of(), "later")
    queue.save()
    queue.close()
    other.add(spec_of(), "b")
    assert names(other) == ["a", "later", "b"]
    other.close()


def test_f23_a_folder_that_cannot_be_made_is_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder", encoding="utf-8")
    with pytest.raises(InputError, match="cannot be written to"):
        Queue(tmp_path / "file").add(spec_of(), "a")


def test_f46_names_are_made_safe(queue):
    assert filled(queue, "../../x").items[0].name == "x"


def test_it_has_an_end(queue):
    filled(queue, "a")
    queue.items = tuple(queue.items[0].model_copy(update={"number": i}) for i in range(1, MOST + 1))
    with pytest.raises(InputError, match="1,000 runs"):
        queue.add(spec_of(), "one more")
