"""What goes wrong between a generator and a critic: the critic wins (D04), the generator repeats itself (D06)."""

from __future__ import annotations

import math

from genstudio.core.config import Value
from genstudio.engine.doctor_chart import Patient, Row, thirds
from genstudio.models.base import Critic

_LONG = 500  # steps
_SURE = 0.97  # accuracy from which on a critic is never wrong
_FALLING, _GROWING = 0.7, 1.2  # last third over first third
_LEAST_GAP = 2.0  # of mean scores; below it the critic is not sure at all
_YOUNG = 400  # steps in which a generator is still finding its feet
_ALIKE = 0.3  # of the data's diversity
_LOST, _SHOWN = 0.5, 0.3  # of the best coverage, where that was at least so much
_REACHED, _SETTLED = (
    0.9,
    1000,
)  # share of points with a sample not far, which is 1 when no cluster is missing; by then


def critic_wins(patient: Patient) -> str | None:
    """D04: accuracy above 0.97 for 500 steps, and the generator's gradient falls or the scores drift apart."""
    if not isinstance(patient.model, Critic) or _bounded_slope(patient):
        return None
    right = patient.chart.recent("accuracy", _LONG)
    if len(right) < 5 or right.mean() <= _SURE or min(thirds(right)) <= _SURE:
        return None
    evidence = f"In the last {_LONG} steps the critic was right about {right.mean():.1%} of the items"
    gradient = patient.chart.recent("gradient_norm_generator", _LONG)
    if len(gradient):
        before, now = thirds(gradient)
        if now < _FALLING * before:
            return f"{evidence}, and the generator's gradient fell from {before:.2g} to {now:.2g}."
    real, fake = patient.chart.recent("score_real", _LONG), patient.chart.recent("score_fake", _LONG)
    if len(real) and len(fake):
        before, now = (a - b for a, b in zip(thirds(real), thirds(fake), strict=True))
        if now > _LEAST_GAP and now > _GROWING * before:
            return f"{evidence}, and its scores of real and drawn ones drifted from {before:.1f} to {now:.1f} apart."
    return None


def _bounded_slope(patient: Patient) -> bool:
    """A Wasserstein critic is meant to be ahead: its slope is bounded, and the generator always has one to climb."""
    c = patient.config
    bounded = getattr(c, "gradient_penalty", 0) > 0 or getattr(c, "spectral_norm", False)
    return getattr(c, "loss", "") == "wasserstein" and bounded


def _hold_back(patient: Patient) -> dict[str, Value]:
    """Penalties on its slope, and a slower critic."""
    c = patient.config
    rate, r1 = getattr(c, "critic_rate", 1.0), getattr(c, "r1", 0.0)
    return {
        "r1": 1.0 if r1 == 0 else 2 * r1,
        "critic_rate": 1.0 if rate > 1 else rate / 2,
        "critic_steps": 1,
        "instance_noise": max(0.1, getattr(c, "instance_noise", 0.0)),
    }


def mode_collapse(patient: Patient) -> str | None:
    """D06: samples far more alike than the data, or much of the data lost that was drawn before.

    On points also when clusters are missing after a long time.
    """
    chart = patient.chart
    if not isinstance(patient.model, Critic) or chart.step < _YOUNG:
        return None
    alike, covered = chart.looks("diversity"), chart.looks("coverage")
    if not alike or not covered:
        return None
    if not alike[-1] >= _ALIKE and not (len(alike) > 2 and alike[-1] > 1.3 * alike[-3]):
        told = "are not finite" if math.isnan(alike[-1]) else f"differ by {alike[-1]:.0%} of what real items do"
        return f"Samples {told}, and {covered[-1]:.0%} of the data lies near one."
    best = max(covered)
    if best >= _SHOWN and covered[-1] < _LOST * best:
        return f"{covered[-1]:.0%} of the data lies near a sample; it was {best:.0%} before."
    reached = chart.looks("reached")
    missing = bool(reached) and chart.step >= _SETTLED and reached[-1] < _REACHED
    if missing and reached[-1] <= reached[-3:][0] + 0.02:  # two looks ago: clusters that are lost often come back
        far = f"{1 - reached[-1]:.0%} of the data is far from any sample"
        return f"{far}, and it does not become less: clusters are missing."
    return None


def _steady(patient: Patient) -> dict[str, Value]:
    """A penalty makes the critic's slope lead to all of the data; a wild generator is slowed down."""
    c = patient.config
    r1 = getattr(c, "r1", 0.0)
    if getattr(c, "gradient_penalty", 0.0) > 0:  # its slope is led already, to 1; R1 would lead it to 0
        return {"penalty_every": 1, "learning_rate": c.learning_rate / 2}
    wanted: dict[str, Value] = {"r1": 1.0 if r1 == 0 else min(4 * r1, 100.0), "penalty_every": 1}
    if getattr(c, "method", "adam") != "sgd" and c.learning_rate > 2e-3:
        wanted["learning_rate"] = 2e-3 if c.learning_rate < 2e-2 else c.learning_rate / 10
    if getattr(c, "critic_rate", 1.0) < 1:
        wanted["critic_rate"] = 1.0  # a critic that cannot keep up does not see what is missing
    if patient.model.facts.modality == "image":
        wanted["diffaug"] = max(0.5, getattr(c, "diffaug", 0.0))
    return wanted


ROWS = (
    Row(
        "D04", "The critic wins", critic_wins,
        "It tells all drawn items from real ones, so that the generator has nothing left to learn from. A penalty on "
        "its slope, noise on what it sees and a lower rate hold it back.", _hold_back,
    ),
    Row(
        "D06", "The generator repeats itself (mode collapse)", mode_collapse,
        "It fools the critic with a few items and leaves out the rest. A penalty on the critic's slope, or a "
        "stronger one, leads it back to all of the data.", _steady, by_look=True, need=3, well=3,
    ),
)  # fmt: skip
