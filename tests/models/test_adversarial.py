"""Adversarial losses follow their papers; penalties measure the critic's slope and stay finite."""

import math

import pytest
import torch
from torch import nn

from genstudio.models.adversarial import (
    COMPARING,
    critic_loss,
    generator_loss,
    gradient_penalty,
    sign_accuracy,
    slope_penalty,
    squared_slope,
)

LOSSES = ["non-saturating", "least-squares", "hinge", "wasserstein", "relativistic"]
every_loss = pytest.mark.parametrize("loss", LOSSES)

REAL, FAKE = torch.tensor([2.0, -0.5, 0.0]), torch.tensor([-1.0, 0.5, 3.0])


def sigmoid(x):
    return 1 / (1 + math.exp(-x))


def mean(values):
    values = list(values)
    return sum(values) / len(values)


EXPECTED = {
    "non-saturating": (
        mean(-math.log(sigmoid(r)) for r in REAL.tolist()) + mean(-math.log(1 - sigmoid(f)) for f in FAKE.tolist()),
        mean(-math.log(sigmoid(f)) for f in FAKE.tolist()),
    ),
    "least-squares": (
        0.5 * mean((r - 1) ** 2 for r in REAL.tolist()) + 0.5 * mean((f + 1) ** 2 for f in FAKE.tolist()),
        0.5 * mean((f - 1) ** 2 for f in FAKE.tolist()),
    ),
    "hinge": (
        mean(max(0, 1 - r) for r in REAL.tolist()) + mean(max(0, 1 + f) for f in FAKE.tolist()),
        -mean(FAKE.tolist()),
    ),
    "wasserstein": (mean(FAKE.tolist()) - mean(REAL.tolist()), -mean(FAKE.tolist())),
    "relativistic": (
        mean(-math.log(sigmoid(r - f)) for r, f in zip(REAL.tolist(), FAKE.tolist(), strict=True)),
        mean(-math.log(sigmoid(f - r)) for r, f in zip(REAL.tolist(), FAKE.tolist(), strict=True)),
    ),
}


@every_loss
def test_both_players_minimise_what_the_paper_says(loss):
    assert critic_loss(loss, REAL, FAKE).item() == pytest.approx(EXPECTED[loss][0], rel=1e-5)
    assert generator_loss(loss, FAKE, REAL).item() == pytest.approx(EXPECTED[loss][1], rel=1e-5)


@every_loss
def test_the_players_pull_drawn_scores_in_opposite_directions(loss):
    fake = torch.zeros(4, requires_grad=True)
    (down,) = torch.autograd.grad(critic_loss(loss, torch.zeros(4), fake), fake)
    (up,) = torch.autograd.grad(generator_loss(loss, fake, torch.zeros(4)), fake)
    assert (down > 0).all()  # descending lowers the scores of drawn items
    assert (up < 0).all()


@every_loss
def test_losses_are_float32_and_finite_for_scores_of_a_sure_critic_in_bfloat16(loss):
    sure = torch.tensor([300.0, 500.0], dtype=torch.bfloat16)
    for value in (critic_loss(loss, -sure, sure), generator_loss(loss, -sure, sure)):
        assert value.dtype == torch.float32
        assert math.isfinite(value.item())


@pytest.mark.parametrize("loss", sorted(COMPARING))
def test_losses_that_compare_ignore_a_number_added_to_all_scores(loss):
    assert critic_loss(loss, REAL + 7, FAKE + 7).item() == pytest.approx(
        critic_loss(loss, REAL, FAKE).item(), rel=1e-5
    )


@pytest.mark.parametrize(("loss", "best"), [("non-saturating", math.log(0.9 / 0.1)), ("least-squares", 0.8)])
def test_label_smoothing_moves_the_best_score_of_a_real_item(loss, best):
    def at(score):
        return critic_loss(loss, torch.tensor([score]), torch.zeros(1), smoothing=0.1).item()

    assert at(best) < min(at(best - 0.1), at(best + 0.1))


def test_accuracy_counts_signs_or_the_order_of_pairs():
    assert sign_accuracy("non-saturating", REAL, FAKE).item() == pytest.approx((1 / 3 + 1 / 3) / 2)
    assert sign_accuracy("wasserstein", REAL, FAKE).item() == pytest.approx(1 / 3)
    assert sign_accuracy("hinge", torch.ones(3), -torch.ones(3)).item() == 1


def test_the_slope_is_summed_over_all_dimensions_of_each_item():
    weight = torch.tensor([[[[1.0, 2.0], [3.0, 4.0]]]])
    x = torch.zeros(3, 1, 2, 2, requires_grad=True)
    scores = (x * weight).sum((1, 2, 3)) * torch.tensor([1.0, 2.0, 0.0])
    assert squared_slope(scores, x).tolist() == pytest.approx([30.0, 120.0, 0.0])


def test_r1_looks_at_real_and_r2_at_drawn_items():
    x = torch.zeros(4, 2, requires_grad=True)
    scores = x.sum(1) * torch.tensor([1.0, 1.0, 3.0, 3.0])
    assert slope_penalty(scores, x, 1.0, 0.0).item() == pytest.approx(0.5 * 2)
    assert slope_penalty(scores, x, 0.0, 1.0).item() == pytest.approx(0.5 * 18)
    assert slope_penalty(scores, x, 4.0, 2.0).item() == pytest.approx(0.5 * (4 * 2 + 2 * 18))


def test_a_penalty_can_be_descended():
    critic = nn.Linear(3, 1)
    x = torch.randn(8, 3, generator=torch.Generator().manual_seed(0)).requires_grad_()
    slope_penalty(critic(x).squeeze(1), x, 1.0, 1.0).backward(inputs=[critic.weight])
    # ½ (1 + 1) ‖w‖² has the gradient 2 w
    assert critic.weight.grad.numpy() == pytest.approx(2 * critic.weight.detach().numpy(), rel=1e-5)


def test_the_gradient_penalty_pulls_the_slope_towards_one_where_it_is_told_to_look():
    def critic(x):
        return x.square().sum(1)  # slope 2 ‖x‖

    real, fake = torch.tensor([[3.0, 4.0]]), torch.zeros(1, 2)
    for mix, slope in ((0.0, 10), (1.0, 0), (0.9, 1), (0.5, 5)):
        penalty = gradient_penalty(critic, real, fake, torch.tensor([mix]))
        assert penalty.item() == pytest.approx((slope - 1) ** 2, abs=1e-4)


def test_d07_a_dead_critic_gives_a_finite_penalty_and_gradient():
    critic = nn.Linear(5, 1)
    nn.init.zeros_(critic.weight)
    items = torch.zeros(4, 5)
    gradient_penalty(lambda x: critic(x).squeeze(1), items, items, torch.rand(4)).backward()
    assert critic.weight.grad.isfinite().all()


def test_d07_the_penalty_is_computed_in_float32():
    x = torch.full((2, 4096), 1.0, dtype=torch.bfloat16, requires_grad=True)
    slope = squared_slope(x.sum(1), x)
    assert slope.dtype == torch.float32
    assert slope.tolist() == [4096.0, 4096.0]
