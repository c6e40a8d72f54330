"""What goes wrong with codes: they say nothing (D02), a codebook is hardly used (D15), they grow and grow (D22)."""

from __future__ import annotations

import math

from genstudio.core.config import Value
from genstudio.engine.doctor_chart import Patient, Row, thirds

_LONG = 300  # steps over which a code must be bad
_SETTLED = 300  # steps after the KL warm-up before the code is judged: it has to be found first
_KL_PER_DIMENSION = 0.01  # nats
_ACTIVE_SHARE, _ACTIVE_MOST = 0.1, 3  # of dimensions that are not needed many may sleep, if a few are awake
_USED = 0.1  # of the codebook
_NORM = 1e3


def posterior_collapse(patient: Patient) -> str | None:
    """D02: KL below 0.01 nats a dimension, or hardly any active unit, long after the warm-up."""
    if not patient.has("beta", "kl_warmup", "latent_dim"):
        return None
    if patient.chart.step < patient.config.kl_warmup + _SETTLED + _LONG:
        return None
    kl, active = patient.chart.recent("kl", _LONG), patient.chart.recent("active_units", _LONG)
    if not len(kl):
        return None
    size, mean = patient.config.latent_dim, float(kl.mean())
    awake = float(active.mean()) if len(active) else math.inf
    silent = mean < _KL_PER_DIMENSION * size or awake < _ACTIVE_SHARE * size
    if not silent or _ACTIVE_MOST <= awake < math.inf:
        return None
    if thirds(kl)[1] > 2 * thirds(kl)[0]:  # it is waking up
        return None
    units = f", and {awake:.1f} of {size} dimensions are in use" if len(active) else ""
    return f"Over the last {_LONG} steps the code held {mean:.2g} nats (KL divergence){units}."


def _loosen(patient: Patient) -> dict[str, Value]:
    beta = patient.config.beta
    free = getattr(patient.config, "free_bits", 0.0)
    return {"beta": 1.0 if beta > 1 else beta / 4, "free_bits": max(free, 0.05)}


def codebook_collapse(patient: Patient) -> str | None:
    """D15: perplexity below a tenth of the codebook, or of the codes in a batch where those are fewer."""
    if not patient.has("codebook_size", "latent_dim"):
        return None
    used = patient.chart.recent("perplexity", _LONG)
    if not len(used) or patient.chart.step < _SETTLED + _LONG:
        return None
    entries = patient.config.codebook_size
    places = getattr(patient.model, "latent_dim", 1) // max(1, patient.config.latent_dim)
    limit = _USED * min(entries, patient.batch * max(1, places))
    mean = float(used.mean())
    if mean >= limit or thirds(used)[1] > 1.2 * thirds(used)[0]:
        return None
    return f"Over the last {_LONG} steps {mean:.1f} of {entries} entries of the codebook were in use (perplexity)."


def _calm_codebook(patient: Patient) -> dict[str, Value]:
    return {"beta": min(0.25, patient.config.beta), "learning_rate": patient.config.learning_rate / 2}


def exploding_codes(patient: Patient) -> str | None:
    """D22: codes longer than 1,000 that still grow."""
    squares = patient.chart.recent("code", _LONG)
    if not len(squares) or not patient.has("latent_dim"):
        return None
    before, now = (math.sqrt(value * patient.config.latent_dim) for value in thirds(squares))
    if now < _NORM or now < 1.05 * before:
        return None
    return f"Codes have grown from a length of {before:,.0f} to {now:,.0f} within {_LONG} steps."


def _pull_codes(patient: Patient) -> dict[str, Value]:
    return {"code_weight": max(0.01, 4 * getattr(patient.config, "code_weight", 0.0))}


ROWS = (
    Row(
        "D02", "The code says nothing (posterior collapse)", posterior_collapse,
        "The decoder has learnt to do without it, so that all pictures become alike. A smaller β, and some nats that "
        "each dimension has for free, make the code worth using again.", _loosen,
    ),
    Row(
        "D15", "The codebook is hardly used", codebook_collapse,
        "Few entries do all the work, so that pictures lose their detail. Slower learning lets codes spread over "
        "more of them; if it stays so, start again with a smaller codebook or a shorter code.", _calm_codebook,
    ),
    Row(
        "D22", "Codes grow without bound", exploding_codes,
        "Nothing keeps them together, so that samples between them mean nothing and numbers may overflow. A weight "
        "on their length pulls them together.", _pull_codes,
    ),
)  # fmt: skip
