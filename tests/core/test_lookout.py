"""Copies of a model in training: only when asked, never too often."""

from genstudio.core import lookout
from genstudio.core.lookout import Lookout


class Clock:
    def __init__(self, monkeypatch):
        self.now = 0.0
        monkeypatch.setattr(lookout.time, "monotonic", lambda: self.now)

    def copying(self, seconds, made=None):
        made = [] if made is None else made

        def copy():
            self.now += seconds
            made.append(len(made))
            return made[-1]

        return copy


def test_a_copy_is_made_when_somebody_asked(monkeypatch):
    clock, place = Clock(monkeypatch), Lookout()
    place.open(clock.copying(0.001))
    place.serve()
    assert place.newest() is None
    place.ask()
    assert place.newest() is None  # the asker never copies
    place.serve()
    assert place.newest() == 0
    place.serve()
    assert place.copies == 1


def test_copies_take_no_more_than_their_share(monkeypatch):
    clock, place = Clock(monkeypatch), Lookout(most_share=0.05)
    place.open(clock.copying(0.010))
    for _ in range(20_000):  # a step of a millisecond, somebody asks after each
        clock.now += 0.001
        place.ask()
        place.serve()
    assert place.copies > 50
    assert place.share() <= 0.05


def test_an_impatient_question_is_answered_later(monkeypatch):
    clock, place = Clock(monkeypatch), Lookout(most_share=0.05)
    place.open(clock.copying(0.010))
    place.ask()
    place.serve()
    place.ask()
    clock.now += 0.1
    place.serve()
    assert place.copies == 1
    clock.now += 0.1
    place.serve()
    assert place.copies == 2


def test_after_the_end_there_is_nothing(monkeypatch):
    clock, place = Clock(monkeypatch), Lookout()
    place.open(clock.copying(0.001))
    place.ask()
    place.serve()
    place.close()
    assert place.newest() is None
    place.ask()
    place.serve()
    assert place.newest() is None
