"""Batches: each epoch shows every picture once, and one number says where the stream stands."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from genstudio.data.batches import ImageBatches, to_bytes, to_unit

CPU = torch.device("cpu")


def numbered(count):
    """Pictures whose pixels spell their own number."""
    rows = np.arange(count, dtype=np.uint16).view(np.uint8).reshape(count, 2, 1, 1)
    return np.ascontiguousarray(rows)


def stream(count, size, batches, seed=0, position=0):
    """Numbers of the pictures in the next batches, and the stream itself."""
    source = ImageBatches(numbered(count), size, seed, CPU, position)
    seen = [to_bytes(source.next()["image"]).reshape(-1, 2).copy().view(np.uint16).ravel() for _ in range(batches)]
    return [number for batch in seen for number in batch.tolist()], source


sizes = st.tuples(st.integers(1, 40), st.integers(1, 90))


@given(sizes, st.integers(0, 2**31 - 1))
def test_each_epoch_visits_every_picture_once(size, seed):
    count, batch = size
    drawn, source = stream(count, batch, batches=-(-3 * count // batch), seed=seed)
    for epoch in range(3):
        assert sorted(drawn[epoch * count : (epoch + 1) * count]) == list(range(count))
    assert source.position == len(drawn)


@given(sizes, st.integers(0, 9), st.integers(1, 9), st.integers(0, 5))
def test_position_resumes_the_stream_exactly(size, before, after, seed):
    count, batch = size
    whole, _ = stream(count, batch, before + after, seed)
    _, first = stream(count, batch, before, seed)
    rest, _ = stream(count, batch, after, seed, position=first.position)
    assert rest == whole[before * batch :]


@given(st.integers(0, 2**31 - 2))
def test_seeds_and_epochs_differ(seed):
    a, _ = stream(50, 50, 2, seed)
    b, _ = stream(50, 50, 2, seed + 1)
    assert a[:50] != a[50:]
    assert a[:50] != b[:50]
    assert a[50:] != b[:50]  # the next epoch of one seed is not the first of the next


def test_batch_larger_than_the_set_is_still_full():
    drawn, _ = stream(3, 10, 1)
    assert len(drawn) == 10
    assert sorted(drawn[:9]) == [0, 0, 0, 1, 1, 1, 2, 2, 2]


def test_order_does_not_depend_on_the_global_generators():
    torch.manual_seed(1)
    np.random.seed(1)
    a, _ = stream(50, 20, 3)
    torch.manual_seed(2)
    np.random.seed(2)
    state = torch.get_rng_state()
    assert stream(50, 20, 3)[0] == a
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("channels", [1, 3])
def test_units_and_back(channels):
    rows = torch.arange(256, dtype=torch.uint8).repeat(3)[: 2 * 4 * 5 * channels].reshape(2, 4, 5, channels)
    unit = to_unit(rows, CPU)
    assert unit.shape == (2, channels, 4, 5)
    assert unit.dtype == torch.float32
    assert unit.is_contiguous(memory_format=torch.channels_last)
    assert 0 <= unit.min() <= unit.max() <= 1
    assert np.array_equal(to_bytes(unit), rows.numpy())


def test_to_bytes_rounds_and_clips():
    image = torch.tensor([-1.0, 0.0, 0.49 / 255, 0.51 / 255, 1.0, 7.0]).reshape(1, 1, 2, 3)
    assert to_bytes(image).ravel().tolist() == [0, 0, 0, 1, 255, 255]
