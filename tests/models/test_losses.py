"""Loss terms against their definitions."""

import math

import pytest
import torch
from torch.distributions import Bernoulli, Normal, kl_divergence

from genstudio.models.losses import (
    bernoulli_nll,
    bernoulli_nll_each,
    kl_to_standard_normal,
    normal_nll,
    normal_nll_each,
    reparameterise,
    squared_error,
    squared_error_each,
    total_correlation,
)
from genstudio.models.output import to_pixels


@pytest.fixture
def rng():
    return torch.Generator().manual_seed(0)


def test_kl_of_the_standard_normal_to_itself_is_zero():
    assert kl_to_standard_normal(torch.zeros(4, 3), torch.zeros(4, 3)).tolist() == [0, 0, 0]


def test_kl_agrees_with_torch(rng):
    mean = 2 * torch.randn(50, 3, generator=rng)
    log_var = 2 * torch.randn(50, 3, generator=rng)
    theirs = kl_divergence(Normal(mean, (0.5 * log_var).exp()), Normal(torch.zeros(3), torch.ones(3)))
    torch.testing.assert_close(kl_to_standard_normal(mean, log_var), theirs.mean(0))
    assert (theirs >= 0).all()


def test_bernoulli_is_the_negative_log_likelihood_of_ink(rng):
    logits = torch.randn(6, 1, 4, 5, generator=rng)
    ink = (torch.rand(6, 1, 4, 5, generator=rng) > 0.5).float()
    expected = -Bernoulli(logits=logits).log_prob(ink).flatten(1).sum(1).mean()
    torch.testing.assert_close(bernoulli_nll(logits, ink), expected)


def test_squared_error_is_summed_over_a_picture_and_averaged_over_the_batch():
    a, b = torch.zeros(4, 3, 2, 2), torch.full((4, 3, 2, 2), 0.5)
    assert squared_error(a, b).item() == pytest.approx(12 * 0.25)
    assert squared_error(a[:1], b[:1]).item() == pytest.approx(12 * 0.25)


def test_squared_error_with_noise_is_a_normal_likelihood_up_to_a_constant(rng):
    output, target = torch.rand(5, 1, 4, 4, generator=rng), torch.rand(5, 1, 4, 4, generator=rng)
    noise = 0.1
    exact = -Normal(output, noise).log_prob(target).flatten(1).sum(1).mean()
    constant = 16 * math.log(noise * math.sqrt(2 * math.pi))
    torch.testing.assert_close(squared_error(output, target) / (2 * noise**2) + constant, exact)


def test_losses_are_float32_for_networks_in_bf16():
    half = torch.zeros(2, 1, 2, 2, dtype=torch.bfloat16)
    target = torch.ones(2, 1, 2, 2)
    assert squared_error(half, target).dtype == torch.float32
    assert bernoulli_nll(half, target).dtype == torch.float32


def test_reparameterised_codes_have_the_right_moments_and_gradients(rng):
    mean = torch.tensor([[1.0, -2.0]]).expand(20_000, 2).clone().requires_grad_()
    log_var = torch.tensor([[0.0, 2 * math.log(0.5)]]).expand(20_000, 2).clone().requires_grad_()
    noise = torch.randn(20_000, 2, generator=rng)
    codes = reparameterise(mean, log_var, noise)
    assert codes.mean(0).tolist() == pytest.approx([1.0, -2.0], abs=0.03)
    assert codes.std(0).tolist() == pytest.approx([1.0, 0.5], abs=0.03)
    codes.sum().backward()
    assert torch.equal(mean.grad, torch.ones_like(mean))
    # d/d(log σ²) of σ·ε is ½·σ·ε
    torch.testing.assert_close(log_var.grad, 0.5 * (0.5 * log_var.detach()).exp() * noise)


@pytest.mark.parametrize("likelihood", ["mse", "bernoulli", "gaussian"])
def test_pixels_lie_in_the_unit_range(likelihood, rng):
    pixels = to_pixels(100 * torch.randn(2, 1, 8, 8, generator=rng), likelihood)
    assert 0 <= pixels.min() <= pixels.max() <= 1
    assert pixels.min() < 0.01
    assert pixels.max() > 0.99


@pytest.mark.parametrize(
    ("whole", "each"),
    [(bernoulli_nll, bernoulli_nll_each), (squared_error, squared_error_each), (normal_nll, normal_nll_each)],
)
def test_the_loss_of_a_batch_is_the_mean_of_its_items(whole, each, rng):
    output = torch.randn(6, 2, 4, 5, generator=rng).requires_grad_()
    target = torch.rand(6, 2, 4, 5, generator=rng)
    assert each(output, target).shape == (6,)
    torch.testing.assert_close(each(output, target).mean(), whole(output, target))
    gradients = [
        torch.autograd.grad(loss, output)[0] for loss in (each(output, target).mean(), whole(output, target))
    ]
    torch.testing.assert_close(*gradients, rtol=1e-4, atol=1e-5)


def test_a_perfect_fit_has_a_finite_likelihood():
    output = torch.full((3, 2), 0.25, requires_grad=True)
    loss = normal_nll(output, output.detach().clone())
    loss.backward()
    assert loss.isfinite()
    assert output.grad.isfinite().all()


def test_total_correlation_is_that_of_a_normal_distribution(rng):
    """Posteriors that are points of a correlated normal, a little blurred: −½ log(1 − ρ²) is known."""
    rho, blur = 0.9, 0.3
    root = torch.linalg.cholesky(torch.tensor([[1.0, rho], [rho, 1.0]]))
    mean = torch.randn(2000, 2, generator=rng) @ root.T
    log_var = torch.full_like(mean, 2 * math.log(blur))
    codes = mean + blur * torch.randn(2000, 2, generator=rng)
    ratio = rho / (1 + blur**2)
    assert total_correlation(codes, mean, log_var).item() == pytest.approx(-0.5 * math.log(1 - ratio**2), abs=0.05)


def test_total_correlation_of_independent_dimensions_is_near_zero(rng):
    mean = torch.randn(2000, 2, generator=rng)
    codes = mean + 0.5 * torch.randn(2000, 2, generator=rng)
    assert abs(total_correlation(codes, mean, torch.full_like(mean, 2 * math.log(0.5))).item()) < 0.05
