"""The GAN family: two players that touch only their own weights, networks for any data, honest looking."""

import copy
import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from genstudio.core.errors import InputError
from genstudio.data.batches import PointBatches
from genstudio.data.synthetic.rings import load as load_rings
from genstudio.data.synthetic.rings import ring_centres
from genstudio.engine.players import Players
from genstudio.models.adversarial import critic_loss
from genstudio.models.base import Context, Critic, Facts, Samples
from genstudio.models.gan import GAN, GANConfig

GREY, POINTS = Facts((12, 12, 1), 0.2, 0.3, 3), Facts((2,), 5.0, 2.0, 3)
NETWORKS = ["dcgan", "resnet", "mlp"]
every_network = pytest.mark.parametrize("network", NETWORKS)


def build(facts=GREY, seed=3, **knobs):
    torch.manual_seed(seed)
    return GAN(GANConfig.parse({"width": 4, "latent_dim": 5, **knobs}), facts)


def some(facts=GREY, count=8, seed=0):
    generator = torch.Generator().manual_seed(seed)
    items = torch.rand(count, *facts.item_shape, generator=generator)
    if facts.modality == "points":
        items = items * 4 + 3
    return {"image" if len(facts.shape) == 3 else "point": items, "label": torch.arange(count) % facts.classes}


def context(seed=1, **more):
    return Context(more.pop("step", 1), torch.Generator().manual_seed(seed), **more)


def losses(model, batch=None, **more):
    return {o.player: o.loss.item() for o in model.training_step(batch or some(model.facts), context(**more))}


def train(model, steps, data=None, rate=1e-3):
    players = {name: torch.optim.Adam(group, rate, (0.5, 0.99)) for name, group in model.players().items()}
    rng = torch.Generator().manual_seed(0)
    for step in range(steps):
        batch = data(step) if data else some(model.facts, seed=step)
        for objective in model.training_step(batch, Context(step, rng)):
            players[objective.player].zero_grad()
            objective.loss.backward(inputs=list(model.players()[objective.player]))
            players[objective.player].step()


# --- the two players ---------------------------------------------------------------------------------


@every_network
def test_the_critics_step_gives_the_generator_no_gradient_and_its_own_step_reaches_all_of_it(network):
    model = build(network=network)
    critic, generator = model.training_step(some(), context())
    assert (critic.player, generator.player) == ("critic", "generator")
    critic.loss.backward()
    assert all(p.grad is None for p in model.generator.parameters())
    assert all(p.grad is not None and p.grad.any() for p in model.judge.parameters())
    generator.loss.backward()
    assert all(p.grad is not None and p.grad.any() for p in model.generator.parameters())


def test_the_critics_loss_changes_when_the_generator_changes():
    # the published code shows the critic real pictures in place of drawn ones
    model = build()
    before = losses(model)["critic"]
    with torch.no_grad():
        model.generator.body.get_submodule("out").get_parameter("bias").add_(1.0)
    assert losses(model)["critic"] != pytest.approx(before, rel=1e-3)


def test_the_generators_loss_is_judged_by_the_critic_after_its_update():
    model = build()
    steps = model.training_step(some(), context())
    next(steps)
    with torch.no_grad():
        for parameter in model.judge.parameters():
            parameter.zero_()
    assert next(steps).loss.item() == pytest.approx(math.log(2))


def test_the_generators_step_computes_no_gradient_of_the_critics_weights():
    model = build()
    objectives = list(model.training_step(some(), context()))
    asked = []
    for layer in model.judge.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            layer.weight.register_hook(asked.append)
    objectives[1].loss.backward(inputs=list(model.generator.parameters()))
    assert asked == []
    assert all(p.grad is None for p in model.judge.parameters())


def test_each_critic_step_but_the_first_takes_a_batch_of_its_own():
    model, drawn = build(critic_steps=3), []

    def more():
        drawn.append(some(seed=10 + len(drawn)))
        return drawn[-1]

    players = [o.player for o in model.training_step(some(), context(more=more))]
    assert players == ["critic", "critic", "critic", "generator"]
    assert len(drawn) == 2


def test_the_critic_learns_at_its_own_rate():
    model = build(learning_rate=1e-3, critic_rate=4.0, beta1=0.3, beta2=0.8, method="rmsprop")
    assert model.optimizer("critic").learning_rate == pytest.approx(4e-3)
    assert model.optimizer("generator").learning_rate == pytest.approx(1e-3)
    assert model.optimizer("critic").betas == (0.3, 0.8)
    assert model.optimizer("critic").method == "rmsprop"


def test_it_learns_the_grey_of_flat_pictures():
    model = build(latent_dim=2, learning_rate=1e-2)

    def flat(step):
        return {"image": torch.full((8, 1, 12, 12), 0.7)}

    train(model, 40, flat, rate=5e-3)
    with torch.no_grad():
        drawn = model.sample(torch.randn(32, 2, generator=torch.Generator().manual_seed(0)))
    assert drawn.mean().item() == pytest.approx(0.7, abs=0.12)


# --- penalties and stabilisers -----------------------------------------------------------------------


def test_a_penalty_comes_every_few_steps_and_counts_as_many_times():
    model = build(penalty_every=4, r1=2.0)
    logs = [next(model.training_step(some(), context(step=step))).logs for step in range(9)]
    assert ["penalty" in log for log in logs] == [True, False, False, False, True, False, False, False, True]
    due, plain = (next(model.training_step(some(), context(step=step))) for step in (4, 5))
    added = due.loss.item() - plain.loss.item()
    assert added == pytest.approx(4 * due.logs["penalty"].item(), rel=1e-4)
    assert added > 0


@pytest.mark.parametrize("knob", ["r1", "r2", "gradient_penalty"])
def test_each_penalty_adds_to_the_critics_loss_and_none_adds_when_off(knob):
    off = {"r1": 0.0, "r2": 0.0, "gradient_penalty": 0.0, "penalty_every": 1}
    model = build(**off)
    objective = next(model.training_step(some(), context()))
    assert objective.loss.item() == pytest.approx(objective.logs["critic_loss"].item())
    penalised = next(build(**{**off, knob: 3.0}).training_step(some(), context()))
    assert penalised.loss.item() > objective.loss.item()
    assert penalised.logs["critic_loss"].item() == pytest.approx(objective.logs["critic_loss"].item(), rel=1e-5)


def test_r1_is_the_slope_at_the_real_pictures():
    model = build(r1=2.0, penalty_every=1)
    batch = some()
    objective = next(model.training_step(batch, context()))
    real = (2 * batch["image"] - 1).requires_grad_()
    (slope,) = torch.autograd.grad(model.judge(real).sum(), real)
    assert objective.logs["penalty"].item() == pytest.approx(slope.square().sum((1, 2, 3)).mean().item(), rel=1e-4)


def test_instance_noise_falls_to_zero_over_the_plan_unless_told_to_stay():
    plain, fading, staying = build(), build(instance_noise=1.0), build(instance_noise=1.0, noise_decay=False)
    at_end = losses(plain, progress=1.0)["critic"]
    assert losses(fading, progress=1.0)["critic"] == at_end
    for model, scale in ((fading, 0.0), (staying, 1.0)):
        seen = model._seen(torch.zeros(64, 1, 12, 12), context(progress=1.0))
        assert seen.std().item() == pytest.approx(scale * 2 * GREY.std, abs=0.02)
    assert fading._seen(torch.zeros(64, 1, 12, 12), context(progress=0.5)).std().item() == pytest.approx(
        0.3, abs=0.02
    )


def test_augmentation_changes_what_the_critic_sees_of_both_and_lets_the_generator_learn():
    model = build(diffaug=1.0)
    assert losses(model)["critic"] != losses(build())["critic"]
    generator = list(model.training_step(some(), context()))[1]
    generator.loss.backward(inputs=list(model.generator.parameters()))
    assert all(p.grad.any() for p in model.generator.parameters())


def test_augmentation_leaves_points_alone():
    assert losses(build(POINTS, diffaug=1.0)) == losses(build(POINTS))


@pytest.mark.parametrize("facts", [GREY, POINTS], ids=["pictures", "points"])
@pytest.mark.parametrize("pack", [2, 4])
def test_packs_are_judged_together_and_uneven_batches_do(facts, pack):
    model = build(facts, packing=pack, conditional=True, r1=1.0, r2=1.0, gradient_penalty=1.0, penalty_every=1)
    for count in (1, 3, 8, 10):
        for objective in model.training_step(some(facts, count), context()):
            assert math.isfinite(objective.loss.item())
    seen = model._seen(some(facts, 8)["image" if facts is GREY else "point"], context())
    assert seen.shape[:2] == (8 // pack, pack * facts.item_shape[0])
    items = next(iter(some(facts, 7).values()))
    assert model.critic(items, torch.arange(7) % 3).shape == (7,)
    assert model.critic(items[:1]).shape == (1,)


def test_spectral_normalisation_holds_the_critics_layers_at_norm_one_while_it_learns():
    model = build(spectral_norm=True, loss="hinge", r1=0.0)
    train(model, 30, rate=1e-2)
    for layer in model.judge.modules():
        if isinstance(layer, nn.Conv2d | nn.Linear):
            assert torch.linalg.matrix_norm(layer.weight.flatten(1), 2).item() == pytest.approx(1, abs=0.1)


def test_looking_at_a_spectrally_normalised_critic_changes_nothing():
    model = build(spectral_norm=True)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    model.critic(some()["image"])
    model.sample(torch.randn(3, 5))
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


# --- looking -----------------------------------------------------------------------------------------


@every_network
@pytest.mark.parametrize("conditional", [False, True])
def test_each_picture_depends_on_its_own_noise_alone(network, conditional):
    model = build(network=network, conditional=conditional)
    assert isinstance(model, Samples)
    noise = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    labels = torch.tensor([0, 1, 2, 0, -1, -1])
    together = model.sample(noise, labels)
    alone = torch.cat([model.sample(noise[i : i + 1], labels[i : i + 1]) for i in range(6)])
    assert torch.allclose(together, alone, atol=1e-5)
    assert torch.allclose(model.sample(noise[4:]), together[4:], atol=1e-5)  # no labels: the label −1


@pytest.mark.parametrize("network", ["dcgan", "mlp"])
def test_the_statistics_belong_to_the_weights_that_draw(network):
    model = build(network=network)
    noise = torch.randn(256, 5, generator=torch.Generator().manual_seed(7))
    model.sample(noise[:1])
    train(model, 10, rate=1e-2)
    averaged = copy.deepcopy(model)
    with torch.no_grad():
        for parameter in averaged.parameters():
            parameter.mul_(1.3)
        for one in (model, averaged):
            as_in_training = ((one.generator(noise) + 1) / 2).clamp(0, 1)
            assert (one.sample(noise) - as_in_training).abs().mean() < 0.05
    assert not torch.equal(model.sample(noise), averaged.sample(noise))


def test_training_is_the_same_whether_samples_were_drawn_between_or_not():
    looked, left = build(), build()
    looked.sample(torch.randn(2, 5))
    looked.critic(some()["image"])
    assert losses(looked) == losses(left)


def test_the_critics_scores_are_those_that_its_loss_is_made_of():
    model = build(r1=0.0)
    assert isinstance(model, Critic)
    batch = some()
    objective = next(model.training_step(batch, context()))
    real = model.critic(batch["image"])
    assert real.shape == (8,)
    assert objective.logs["score_real"].item() == pytest.approx(real.mean().item(), abs=1e-5)
    noise = context().normal(8, 5)
    drawn = model.judge(model.generator(noise))
    assert objective.loss.item() == pytest.approx(critic_loss("non-saturating", real, drawn).item(), rel=1e-4)


@every_network
def test_an_untrained_generator_draws_the_mean_grey(network):
    model = build(network=network)
    drawn = model.sample(torch.randn(64, 5, generator=torch.Generator().manual_seed(0)))
    assert drawn.mean().item() == pytest.approx(GREY.mean, abs=0.12)


# --- labels ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("facts", [GREY, POINTS], ids=["pictures", "points"])
def test_labels_change_what_is_drawn_and_how_it_is_judged(facts):
    model, items = build(facts, conditional=True), next(iter(some(facts, 4).values()))
    noise = torch.zeros(4, 5)
    labels = torch.tensor([0, 1, 2, -1])
    drawn = model.sample(noise, labels)
    assert all(not torch.equal(a, b) for a, b in pairwise(drawn))
    assert not torch.allclose(model.critic(items, labels), model.critic(items))


def test_a_model_without_labels_ignores_them():
    model, noise = build(), torch.zeros(3, 5)
    assert torch.equal(model.sample(noise, torch.arange(3)), model.sample(noise))


def test_by_label_needs_labels():
    with pytest.raises(InputError, match="no labels"):
        build(Facts((12, 12, 1)), conditional=True)


def test_it_learns_which_label_is_which():
    model = build(POINTS, conditional=True, latent_dim=2, width=8)

    def places(step):
        labels = torch.arange(96) % 3
        noise = torch.randn(96, 2, generator=torch.Generator().manual_seed(step))
        return {"point": torch.stack([3.0 + 2 * labels, 5 + 0 * labels], 1) + 0.05 * noise, "label": labels}

    train(model, 250, places, rate=5e-3)
    with torch.no_grad():
        noise = torch.randn(60, 2, generator=torch.Generator().manual_seed(0))
        means = [model.sample(noise, torch.full((60,), label))[:, 0].mean().item() for label in range(3)]
    assert means == pytest.approx([3, 5, 7], abs=0.8)


# --- networks ----------------------------------------------------------------------------------------


def units(network):
    return [(m.in_features, m.out_features) for m in network.modules() if isinstance(m, nn.Linear)]


def test_the_articles_networks_are_100_128_256_512_1024_784_and_its_mirror():
    preset = GAN.presets["article-gan"]
    model = GAN(GANConfig.parse(preset.knobs), Facts((28, 28, 1)))
    assert units(model.generator) == list(pairwise([100, 128, 256, 512, 1024, 784]))
    assert units(model.judge) == list(pairwise([784, 1024, 512, 256, 128, 1]))
    slopes = {m.negative_slope for m in model.modules() if isinstance(m, nn.LeakyReLU)}
    assert slopes == {0.2}
    assert preset.training["batch_size"] == 128
    assert model.optimizer("critic").betas == (0.5, 0.999)
    assert model.optimizer("critic").learning_rate == model.optimizer("generator").learning_rate == 2e-4


def test_residual_networks_have_no_norm_layers_and_start_near_the_identity():
    model = build(network="resnet")
    assert not [m for m in model.modules() if "Norm" in type(m).__name__]
    x = torch.randn(4, 4, 6, 6, generator=torch.Generator().manual_seed(0))
    block = next(m for m in model.judge.modules() if type(m).__name__ == "ResidualBlock")
    with torch.no_grad():
        assert (block(x) - x).std() < 0.3 * x.std()


@every_network
@pytest.mark.parametrize("shape", [(8, 8, 3), (9, 64, 1), (33, 13, 3)], ids=str)
def test_every_size_is_drawn_and_judged(network, shape):
    model = build(Facts(shape), network=network)
    drawn = model.sample(torch.randn(2, 5))
    assert drawn.shape == (2, shape[2], *shape[:2])
    assert model.critic(drawn).shape == (2,)


def test_points_get_two_layers_of_128_and_keep_the_scale_of_the_data():
    model = GAN(GANConfig(), POINTS)
    assert units(model.generator) == [(64, 128), (128, 128), (128, 2)]
    assert units(model.judge) == [(2, 128), (128, 128), (128, 1)]
    points = some(POINTS)["point"]
    inside = model._inside(points)
    assert torch.allclose(inside, (points - 5) / 2)
    assert torch.allclose(model._outside(inside), points, atol=1e-5)


def test_octaves_show_the_critic_sines_of_each_coordinate_and_change_with_small_moves():
    plain, fine = build(POINTS, octaves=0), build(POINTS, octaves=6)
    assert units(fine.judge)[0] == (2 * (1 + 2 * 6), 16)
    items = some(POINTS)["point"]
    moved = items + 0.05

    def change(model):
        return (model.critic(moved) - model.critic(items)).abs().mean() / model.critic(items).std()

    assert change(fine) > 2 * change(plain)
    assert fine.critic(items).shape == (8,)


def modes_of(preset, steps):
    """Share of 500 drawn points that lies nearest to each of the eight places of `rings`, after `steps` steps."""
    data, recipe = load_rings(), GAN.presets[preset]
    facts = Facts((2,), float(data.points.mean()), float(data.points.std()), 8)
    torch.manual_seed(0)
    model = GAN(GANConfig.parse(recipe.knobs), facts)
    players, rng = Players(model), torch.Generator().manual_seed(0)
    batches = PointBatches(data.points, 128, 0, torch.device("cpu"))
    for step in range(steps):
        for objective in model.training_step(batches.next(), Context(step, rng, more=batches.next)):
            players.step(objective)
    with torch.no_grad():
        drawn = model.sample(torch.randn(500, 2, generator=torch.Generator().manual_seed(1)))
    nearest = torch.cdist(drawn, torch.from_numpy(ring_centres()).float()).argmin(1)
    return torch.bincount(nearest, minlength=8) / 500


def test_the_recommended_recipe_finds_all_clusters_where_the_plain_one_collapses():
    assert modes_of("points", 150).min() > 0.02
    assert modes_of("plain-points", 150).max() > 0.6
