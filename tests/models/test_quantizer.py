"""A codebook stays in use, follows the codes, and is not spoilt; the spread of codes over places is what it was."""

import math

import pytest
import torch

from genstudio.models.base import Context
from genstudio.models.quantizer import PlaceNormal, Quantizer


@pytest.fixture
def context():
    return Context(0, torch.Generator().manual_seed(0))


def clusters(count, centres, seed=0):
    """Codes around `centres` [K, D], in equal numbers: [count, D]."""
    noise = torch.randn(count, centres.shape[1], generator=torch.Generator().manual_seed(seed))
    return centres[torch.arange(count) % len(centres)] + 0.05 * noise


def quantizer(entries, size):
    torch.manual_seed(1)
    return Quantizer(entries, size)


def test_codes_become_the_nearest_entry():
    net = quantizer(7, 3)
    codes = torch.randn(20, 2 * 3, generator=torch.Generator().manual_seed(2))
    rows = codes.view(-1, 3)
    expected = net.codebook[torch.cdist(rows, net.codebook).argmin(1)].view(20, 6)
    torch.testing.assert_close(net(codes), expected)
    assert torch.equal(net(net(codes)), net(codes))


def test_the_first_batch_gives_the_entries(context):
    net = quantizer(4, 2)
    codes = 100 + torch.randn(64, 2, generator=torch.Generator().manual_seed(2))
    net.learn(codes, context)
    assert net.codebook.min() > 90  # the random start is forgotten


def test_entries_find_the_centres_of_clusters(context):
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0], [0.0, 4.0], [4.0, 4.0], [8.0, 8.0]])
    net = quantizer(20, 2)  # of five alone, two may share a cluster for ever, as in any k-means
    for step in range(300):
        _, commitment, perplexity = net.learn(clusters(100, centres, step), context)
    assert torch.cdist(centres, net.codebook).min(1).values.max() < 0.1
    assert perplexity.item() > 5
    assert commitment.item() < 2 * 0.05**2


def test_entries_that_nobody_needs_come_back_into_use(context):
    net = quantizer(32, 2)
    for step in range(50):  # all codes in one small place
        net.learn(clusters(64, torch.zeros(1, 2), step), context)
    spread = 5 * torch.randn(64, 2, generator=torch.Generator().manual_seed(9))
    for _ in range(150):
        _, _, perplexity = net.learn(spread, context)
    assert perplexity.item() > 12


def test_the_gradient_passes_through_as_if_nothing_had_been_rounded(context):
    net = quantizer(6, 2)
    codes = torch.randn(10, 4, generator=torch.Generator().manual_seed(2)).requires_grad_()
    rounded, commitment, _ = net.learn(codes, context)
    weight = torch.randn(10, 4, generator=torch.Generator().manual_seed(3))
    (rounded * weight).sum().backward()
    torch.testing.assert_close(codes.grad, weight)
    assert commitment.item() == pytest.approx((codes - rounded).square().sum().item() / 10, rel=1e-5)


def test_perplexity_counts_the_entries_in_use(context):
    net = quantizer(4, 1)
    net.codebook.copy_(torch.tensor([[0.0], [1.0], [2.0], [3.0]]))
    net.counts.fill_(100)
    net.sums.copy_(100 * net.codebook)
    for values, expected in (([0.0] * 8, 1), ([0.0, 1.0] * 4, 2), ([0.0, 1.0, 2.0, 3.0] * 2, 4)):
        assert net.learn(torch.tensor(values)[:, None], context)[2].item() == pytest.approx(expected, rel=1e-5)


@pytest.mark.parametrize("bad", [math.nan, math.inf, 3e38])
def test_f12_a_poisoned_batch_moves_nothing(context, bad):
    net, spread = quantizer(4, 2), PlaceNormal(3, 2)
    codes = torch.randn(16, 6, generator=torch.Generator().manual_seed(2))
    net.learn(codes, context)
    spread.observe(codes)
    before = {name: value.clone() for part in (net, spread) for name, value in part.state_dict().items()}
    codes[3, 4] = bad
    net.learn(codes, context)
    spread.observe(codes)
    after = {name: value for part in (net, spread) for name, value in part.state_dict().items()}
    assert all(torch.equal(after[name], before[name]) for name in before)


def test_places_are_drawn_with_the_moments_that_were_seen():
    rng = torch.Generator().manual_seed(0)
    across = torch.tensor([[1.0, 0.8, 0.0], [0.8, 1.0, 0.0], [0.0, 0.0, 0.1]])  # of places
    within = torch.tensor([[1.0, -0.5], [-0.5, 2.0]])  # of the numbers in one
    truth = torch.kron(across, within)
    mean = torch.arange(6.0)
    root = torch.linalg.cholesky(truth)
    spread = PlaceNormal(3, 2)
    for _ in range(400):
        spread.observe(mean + torch.randn(64, 6, generator=rng) @ root.T)
    drawn = spread.draw(torch.randn(50_000, 6, generator=rng))
    assert (drawn.mean(0) - mean).abs().max() < 0.1
    assert (drawn.T.cov() - truth).abs().max() < 0.15
