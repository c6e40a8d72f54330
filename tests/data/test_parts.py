"""Parts: what is held out is what was asked for, stays the same, and nothing of it leaks into training."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from genstudio.core.data_config import DataConfig
from genstudio.data.items import SPLITS
from genstudio.data.parts import assign

TRAIN, VALIDATION, TEST = range(3)
shares = st.sampled_from([0.0, 0.01, 0.1, 0.25, 0.5, 0.9])
seeds = st.integers(0, 2**31 - 1)
splits = st.sampled_from([None, *SPLITS])
given_lists = st.lists(splits, min_size=1, max_size=40)
group_lists = st.lists(st.sampled_from([None, "", *"abcdefgh"]), min_size=1, max_size=60)


def parts(count=100, given=None, groups=None, **settings):
    return assign(count, given, groups, DataConfig(**settings))


def test_all_is_for_training_unless_asked_otherwise():
    result = parts(5)
    assert result.dtype == np.int8
    assert result.tolist() == [TRAIN] * 5
    assert parts(0, test=0.5).tolist() == []


@given(st.integers(3, 300), shares, shares, seeds)
def test_shares_are_met_to_the_item(count, test, validation, seed):
    result = parts(count, test=test, validation=validation, split_seed=seed)
    held = np.bincount(result, minlength=3)
    assert held[TRAIN] >= 1
    room = count - 1
    for part, share, other in ((TEST, test, validation), (VALIDATION, validation, 0)):
        if not share:
            assert held[part] == 0
            continue
        most = room - (1 if other else 0)
        assert held[part] == pytest.approx(min(max(share * count, 1), most), abs=0.5)
        room -= held[part]


def test_two_items_are_divided_and_one_is_never_held_out():
    assert sorted(parts(2, test=0.01).tolist()) == [TRAIN, TEST]
    assert sorted(parts(2, validation=0.9).tolist()) == [TRAIN, VALIDATION]
    assert sorted(parts(2, test=0.5, validation=0.5).tolist()) == [TRAIN, TEST]
    assert parts(1, test=0.9, validation=0.9).tolist() == [TRAIN]


@given(given_lists, shares, shares, seeds)
def test_what_the_source_holds_out_stays_and_is_not_added_to(said, test, validation, seed):
    result = parts(len(said), said, test=test, validation=validation, split_seed=seed)
    for part, share in ((TEST, test), (VALIDATION, validation)):
        named = [name == SPLITS[part] for name in said]
        assert all(result[named] == part)
        if any(named) or not share:
            assert (result == part).tolist() == named
    assert TRAIN in result or set(said) <= {"test", "validation"}


def test_a_share_is_taken_of_what_is_given_as_training_too():
    result = parts(50, ["train"] * 40 + ["test"] * 10, validation=0.25)
    assert np.bincount(result).tolist() == [30, 10, 10]
    assert all(result[40:] == TEST)


@given(st.integers(10, 200), seeds, shares, shares)
def test_another_validation_share_leaves_the_test_part_as_it_is(count, seed, first, second):
    assume(first + 0.25 < 1)
    assume(second + 0.25 < 1)
    a = parts(count, test=0.25, validation=first, split_seed=seed)
    b = parts(count, test=0.25, validation=second, split_seed=seed)
    assert np.array_equal(a == TEST, b == TEST)
    fewer, more = sorted((a, b), key=lambda result: (result == VALIDATION).sum())
    assert all(more[fewer == VALIDATION] == VALIDATION)


def test_the_same_seed_gives_the_same_parts_on_every_machine():
    result = parts(12, test=0.25, validation=0.25, split_seed=7)
    assert result.tolist() == parts(12, test=0.25, validation=0.25, split_seed=7).tolist()
    assert result.tolist() == PINNED


PINNED = [0, 0, 0, 2, 1, 0, 2, 0, 0, 1, 1, 2]


@given(seeds)
def test_other_seeds_give_other_parts(seed):
    assert not np.array_equal(parts(60, test=0.5, split_seed=seed), parts(60, test=0.5, split_seed=seed ^ 1))


def test_each_item_is_as_likely_to_be_held_out():
    often = sum((parts(20, test=0.3, split_seed=seed) == TEST).astype(int) for seed in range(1000))
    assert often.sum() == 6000
    assert 230 < often.min() < often.max() < 370  # 300 expected; standard deviation 14.5


@given(group_lists, shares, shares, seeds)
def test_a_group_is_never_torn(groups, test, validation, seed):
    result = parts(len(groups), None, groups, test=test, validation=validation, split_seed=seed)
    for name in set(filter(None, groups)):
        assert len({int(part) for part, group in zip(result, groups, strict=True) if group == name}) == 1
    units = len(set(filter(None, groups))) + sum(not group for group in groups)
    assert TRAIN in result
    if units >= 2:
        assert TEST in result or not test
    if units >= 3:
        assert VALIDATION in result or not validation


@given(st.lists(st.integers(1, 30), min_size=2, max_size=40), shares, seeds)
def test_groups_come_as_near_to_the_share_as_half_the_largest(sizes, share, seed):
    assume(share)
    groups = [str(i) for i, size in enumerate(sizes) for _ in range(size)]
    held = int((parts(len(groups), None, groups, test=share, split_seed=seed) == TEST).sum())
    target, largest = share * len(groups), max(sizes)
    one, all_but_one = min(sizes), len(groups) - min(sizes)
    assert one <= held <= all_but_one
    assert abs(held - target) <= largest / 2 or held == one or held >= len(groups) - largest


def test_a_group_larger_than_the_share_is_passed_over():
    groups = ["large"] * 80 + [str(i) for i in range(20)]
    for seed in range(20):
        result = parts(100, None, groups, test=0.1, split_seed=seed)
        assert (result == TEST).sum() == 10
        assert all(result[:80] == TRAIN)


@given(st.integers(1, 30), shares, shares, seeds)
def test_groups_of_one_are_no_groups(count, test, validation, seed):
    alone = parts(count, test=test, validation=validation, split_seed=seed)
    for groups in ([None] * count, [""] * count, [f"{i}" for i in range(count)]):
        result = parts(count, None, groups, test=test, validation=validation, split_seed=seed)
        assert np.array_equal(result, alone)


def test_items_of_no_part_follow_their_group_into_the_one_that_is_given():
    said = ["test", None, None, "validation", None, None]
    assert parts(6, said, ["a", "a", "b", "b", "c", "c"]).tolist() == [2, 2, 1, 1, 0, 0]
    assert parts(6, said, ["a"] * 6, test=0.5).tolist() == [2, 2, 2, 1, 2, 2]


@given(seeds)
def test_a_group_that_the_source_tears_is_not_torn_further(seed):
    said = ["test", "train", "train", "train"] + [None] * 6
    groups = ["a"] * 4 + [None] * 6
    result = parts(10, said, groups, validation=0.5, split_seed=seed)
    assert result[:4].tolist() == [TEST, TRAIN, TRAIN, TRAIN]
    assert (result[4:] == VALIDATION).sum() == 3


def test_a_million_items_in_groups_are_divided_at_once():
    groups = [str(i // 3) for i in range(300_000)]
    result = parts(300_000, None, groups, test=0.1, validation=0.1)
    assert np.bincount(result).tolist() == pytest.approx([240_000, 30_000, 30_000], abs=3)
