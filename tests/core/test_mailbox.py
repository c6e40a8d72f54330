"""The mailbox: the newest value of a name wins, and none is lost between two threads."""

import threading

from hypothesis import given
from hypothesis import strategies as st

from genstudio.core.mailbox import Mailbox

letters = st.lists(st.tuples(st.sampled_from("abc"), st.integers()))


@given(letters)
def test_newest_of_each_name_wins(sent):
    box = Mailbox()
    for name, value in sent:
        box.put(name, value)
    assert box.take() == dict(sent)
    assert box.take() == {}


@given(letters, letters)
def test_what_comes_after_a_take_is_in_the_next_one(first, second):
    box = Mailbox()
    for name, value in first:
        box.put(name, value)
    taken = box.take()
    for name, value in second:
        box.put(name, value)
    assert taken == dict(first)
    assert box.take() == dict(second)


def test_last_value_of_every_thread_arrives():
    box, seen, done = Mailbox(), {}, threading.Event()

    def drag(name):
        for value in range(2000):
            box.put(name, value)

    def read():
        while not done.is_set():
            for name, value in box.take().items():
                assert value >= seen.get(name, -1)
                seen[name] = value

    writers = [threading.Thread(target=drag, args=(name,)) for name in "abcd"]
    reader = threading.Thread(target=read)
    for thread in (reader, *writers):
        thread.start()
    for thread in writers:
        thread.join()
    done.set()
    reader.join()
    seen.update(box.take())
    assert seen == dict.fromkeys("abcd", 1999)
