"""A name without any space must not run out of its box."""

from hypothesis import given
from hypothesis import strategies as st

from genstudio.app.breakable import breakable


def test_usual_words_are_left_alone():
    assert breakable("Latent dimension is a whole number, not “12x”.") == (
        "Latent dimension is a whole number, not “12x”."
    )


def test_a_long_name_can_be_broken():
    assert [len(part) for part in breakable("x" * 40).split("\u200b")] == [16, 16, 8]


@given(st.text(max_size=200))
def test_nothing_is_lost_and_no_piece_is_long(text):
    broken = breakable(text)
    assert broken.replace("\u200b", "") == text.replace("\u200b", "")
    assert all(len(piece) <= 17 for word in broken.split() for piece in word.split("\u200b"))
