"""Euler and Heun against an equation whose solution is known."""

import math

import pytest
import torch

from genstudio.models.samplers import euler, guided, heun, time_grid


def decay(x, t):
    """dx/dt = −2 t x, solved by x(t) = x(0) exp(−t²)."""
    return -2 * t[:, None] * x


def error(method, steps):
    start = torch.tensor([[1.0, -2.0]], dtype=torch.float64)
    end = method(decay, start, time_grid(steps).double())
    return (end - start * math.exp(-1)).abs().max().item()


@pytest.mark.parametrize(("method", "order"), [(euler, 1), (heun, 2)])
def test_the_error_falls_with_the_order_of_the_method(method, order):
    measured = [math.log2(error(method, n) / error(method, 2 * n)) for n in (32, 64)]
    assert measured == pytest.approx([order, order], abs=0.1)


@pytest.mark.parametrize("method", [euler, heun])
def test_a_straight_line_is_followed_exactly_in_one_step(method):
    speed = torch.tensor([[3.0, -1.0], [0.5, 2.0]])
    for steps in (1, 7):
        end = method(lambda x, t: speed, torch.zeros(2, 2), time_grid(steps))
        assert torch.allclose(end, speed, atol=1e-6)


@pytest.mark.parametrize("method", [euler, heun])
def test_times_that_fall_lead_back(method):
    start = torch.tensor([[1.0, 2.0]], dtype=torch.float64)
    times = time_grid(400).double()
    there = method(decay, start, times)
    assert torch.allclose(method(decay, there, times.flip(0)), start, atol=5e-3)


def test_heun_asks_twice_a_step_but_once_in_the_last():
    asked = []

    def velocity(x, t):
        asked.append(t[0].item())
        return x

    heun(velocity, torch.ones(1, 1), time_grid(4))
    assert asked == [0.0, 0.25, 0.25, 0.5, 0.5, 0.75, 0.75]


def test_every_item_gets_its_own_time():
    shapes = []

    def velocity(x, t):
        shapes.append(t.shape)
        return x

    euler(velocity, torch.ones(3, 1, 2, 2), time_grid(1))
    assert shapes == [(3,)]


def test_guidance_moves_away_from_the_plain_velocity():
    def labelled(x, t):
        return torch.full_like(x, 3.0)

    def plain(x, t):
        return torch.ones_like(x)

    x, t = torch.zeros(1, 2), torch.zeros(1)
    assert guided(labelled, plain, 1) is labelled
    assert guided(labelled, plain, 0)(x, t).tolist() == [[1, 1]]
    assert guided(labelled, plain, 2.5)(x, t).tolist() == [[6, 6]]
