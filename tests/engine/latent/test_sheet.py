"""Which tiles a view needs: all of it is covered, in a good order, and nothing is drawn twice."""

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from genstudio.engine.latent.sheet import MOST_ACROSS, Plan, Tile, TileCache, level_for, plan

CANVAS = st.tuples(st.integers(100, 1800), st.integers(80, 1200))
PICTURE = st.sampled_from([(8, 8, 1), (28, 28, 1), (64, 64, 3), (32, 20, 3), (256, 256, 3)])


@st.composite
def views(draw):
    """(view, canvas) with equal scales."""
    width, height = draw(CANVAS)
    scale = 10 ** draw(st.floats(-4, 6))
    x, y = (draw(st.floats(-50, 50)) / scale * 100 for _ in range(2))
    half_w, half_h = width / scale / 2, height / scale / 2
    return (x - half_w, y - half_h, x + half_w, y + half_h), (width, height)


def covers(tiles, view):
    """Whether tiles of one level make a full rectangle that holds the view."""
    columns, rows = {t.ix for t in tiles}, {t.iy for t in tiles}
    full = len(tiles) == len(columns) * len(rows)
    full &= columns == set(range(min(columns), max(columns) + 1)) and rows == set(range(min(rows), max(rows) + 1))
    side = tiles[0].size
    slack = 1e-6 * side
    return (
        full
        and min(columns) * side <= view[0] + slack
        and (max(columns) + 1) * side >= view[2] - slack
        and min(rows) * side <= view[1] + slack
        and (max(rows) + 1) * side >= view[3] - slack
    )


@settings(max_examples=20)
@given(views(), PICTURE)
def test_both_levels_cover_the_view_and_no_tile_comes_twice(case, picture):
    view, canvas = case
    found = plan(view, canvas, picture)
    for tiles in (found.coarse, found.fine):
        assert len({tile.key for tile in tiles}) == len(tiles)
        assert covers(tiles, view)
        assert len({tile.ix for tile in tiles}) <= MOST_ACROSS
        assert len({tile.iy for tile in tiles}) <= MOST_ACROSS
    assert len(found.coarse) <= len(found.fine)


@settings(max_examples=20)
@given(views(), PICTURE)
def test_a_fine_tile_is_as_large_as_a_picture_to_twice_that(case, picture):
    view, canvas = case
    scale = canvas[0] / (view[2] - view[0])
    least = max(*picture[:2], max(canvas) / (MOST_ACROSS - 1))
    on_screen = plan(view, canvas, picture).fine[0].size * scale
    assert least * (1 - 1e-6) <= on_screen < 2 * least * (1 + 1e-6)


@settings(max_examples=20)
@given(views(), PICTURE)
def test_tiles_come_from_the_middle_outwards(case, picture):
    view, canvas = case
    middle = (view[0] + view[2]) / 2, (view[1] + view[3]) / 2
    found = plan(view, canvas, picture)
    for tiles in (found.coarse, found.fine):
        away = [math.dist(tile.centre, middle) / tile.size for tile in tiles]
        assert all(a <= b + 1e-6 for a, b in pairwise(away))


@settings(max_examples=20)
@given(views(), PICTURE, st.integers(1, 40), st.integers(1, 40), st.randoms(use_true_random=False))
def test_batches_ask_for_what_is_missing_coarse_first(case, picture, first, size, random):
    found = plan(*case, picture)
    have = {tile.key for tile in (*found.coarse, *found.fine) if random.random() < 0.4}
    batches = list(found.batches(have, first, size))
    asked = [tile for batch in batches for tile in batch]
    assert len(batches[0] if batches else ()) <= first
    assert all(0 < len(batch) <= max(first, size) for batch in batches)
    missing = [tile for tile in (*found.coarse, *found.fine) if tile.key not in have]
    assert asked == (missing if any(tile in found.fine for tile in missing) else [])


def test_a_finished_sheet_asks_for_nothing_not_even_coarse_tiles():
    found = plan((-4, -3, 4, 3), (800, 600), (28, 28))
    assert list(found.batches({tile.key for tile in found.fine})) == []


def test_tiles_that_came_in_between_are_not_drawn_again():
    found, have = plan((-4, -3, 4, 3), (800, 600), (28, 28)), set()
    batches = found.batches(have, first=4, size=4)
    drawn = list(next(batches))
    have.update(tile.key for tile in found.coarse)
    drawn += [tile for batch in batches for tile in batch]
    assert drawn == [*found.coarse[:4], *found.fine]


@settings(max_examples=20)
@given(st.floats(-5, 5), st.floats(0.1, 3))
def test_tiles_stay_where_they_are_while_one_moves(shift, reach):
    before = plan((-reach, -reach, reach, reach), (400, 400), (28, 28))
    after = plan((shift - reach, -reach, shift + reach, reach), (400, 400), (28, 28))
    assert before.fine[0].level == after.fine[0].level
    shared = {tile.key for tile in before.fine} & {tile.key for tile in after.fine}
    assert bool(shared) == (abs(shift) < 2 * reach) or abs(abs(shift) - 2 * reach) < 2 * before.fine[0].size


def test_four_finer_tiles_lie_on_a_coarse_one():
    coarse = Tile(1, -3, 2)
    finer = [Tile(2, 2 * -3 + i, 2 * 2 + j) for i in (0, 1) for j in (0, 1)]
    assert (coarse.size, coarse.centre) == (0.5, (-1.25, 1.25))
    assert coarse.x == sum(tile.x for tile in finer) / 4
    assert coarse.y == sum(tile.y for tile in finer) / 4


@pytest.mark.parametrize(
    ("view", "canvas"),
    [
        ((0, 0, 0, 0), (100, 100)),
        ((1, 0, 0, 1), (100, 100)),
        ((0, 0, math.nan, 1), (100, 100)),
        ((0, 0, math.inf, 1), (100, 100)),
        ((0, 0, 1, 1), (0, 100)),
        ((-1e308, -1e308, 1e308, 1e308), (100, 100)),
        ((0, 0, 1e-300, 1e-300), (100, 100)),
        ((2.0**60, 0, 2.0**60 + 2.0**9, 2.0**9), (100, 100)),
    ],
)
def test_a_view_without_room_for_tiles_needs_none(view, canvas):
    assert plan(view, canvas, (28, 28)) == Plan()


@given(st.floats(-6, 6), st.integers(1, 600), st.integers(1, 4000))
def test_levels_follow_the_definition(power, picture, longest):
    scale, least = 10**power, max(picture, longest / (MOST_ACROSS - 1), 1)
    side = math.ldexp(scale, -level_for(scale, picture, longest))
    assert least <= side < 2 * least


# --- the cache -------------------------------------------------------------------------------------------


def test_the_cache_forgets_what_was_not_asked_for_longest():
    cache = TileCache(2)
    cache.put((0, 0, 0), "a")
    cache.put((0, 0, 1), "b")
    assert cache.get((0, 0, 0)) == "a"
    cache.put((0, 0, 2), "c")
    assert cache.get((0, 0, 1)) is None
    assert (0, 0, 0) in cache
    assert (0, 0, 2) in cache


def test_a_newer_picture_takes_the_place_of_the_older():
    cache = TileCache(2)
    cache.put((0, 0, 0), "a")
    cache.put((0, 0, 0), "b")
    assert (len(cache), cache.get((0, 0, 0))) == (1, "b")
    cache.clear()
    assert (len(cache), cache.get((0, 0, 0))) == (0, None)


@settings(max_examples=30)
@given(st.lists(st.integers(0, 9), max_size=60), st.integers(1, 5))
def test_the_cache_never_holds_more_than_it_may_and_always_the_newest(keys, most):
    cache = TileCache(most)
    for key in keys:
        cache.put((0, key, 0), key)
        assert len(cache) <= most
    newest = list(dict.fromkeys(reversed(keys)))[:most]
    assert all((0, key, 0) in cache for key in newest)
