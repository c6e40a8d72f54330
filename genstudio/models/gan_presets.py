"""Recipes of the GAN family."""

from __future__ import annotations

from collections.abc import Mapping

from genstudio.models.base import Preset

PRESETS: Mapping[str, Preset] = {
    "balanced": Preset(
        "Balanced",
        "Convolutions, the non-saturating loss and R1: good pictures soonest.",
        training={"batch_size": 64},
    ),
    "article-gan": Preset(
        "The article's",
        "100-128-256-512-1024-pixels and its mirror. Corrected: the generator maximises log D(G(z)); the critic sees "
        "drawn pictures, not real ones twice; only its own step detaches them. It collapses easily.",
        {
            "network": "mlp", "latent_dim": 100, "learning_rate": 2e-4, "beta2": 0.999, "r1": 0.0, "ema": 0.0,
        },
        {"batch_size": 128},
    ),
    "wgan-gp": Preset(
        "Wasserstein",
        "Wasserstein loss with gradient penalty and five critic steps: slow and steady, its loss falls with quality.",
        {
            "loss": "wasserstein", "gradient_penalty": 10.0, "r1": 0.0, "penalty_every": 1, "critic_steps": 5,
            "learning_rate": 2e-4, "beta1": 0.0, "beta2": 0.9,
        },
        {"batch_size": 64},
    ),
    "hinge-sn": Preset(
        "Hinge",
        "Hinge loss with spectral normalisation instead of a penalty.",
        {
            "loss": "hinge", "spectral_norm": True, "r1": 0.0, "learning_rate": 2e-4, "critic_rate": 2.0,
            "beta1": 0.0, "beta2": 0.9,
        },
        {"batch_size": 64},
    ),
    "relativistic": Preset(
        "Relativistic",
        "Residual networks, real against drawn pictures in pairs, R1 and R2: for colour and for long runs.",
        {
            "network": "resnet", "loss": "relativistic", "r2": 1.0, "penalty_every": 1,
            "learning_rate": 2e-4, "beta1": 0.0,
        },
        {"batch_size": 64},
    ),
    "points": Preset(
        "Points, every cluster",
        "Relativistic loss with R1 and R2 and a critic that sees fine detail: finds all of rings and of grid.",
        {
            "loss": "relativistic", "r1": 0.1, "r2": 0.1, "penalty_every": 4, "octaves": 4, "latent_dim": 2,
            "beta1": 0.0, "schedule": "cosine",
        },
        {"batch_size": 256, "steps": 10_000},
    ),
    "plain-points": Preset(
        "Points, plain",
        "No penalty, no average, a critic slower than the generator: it runs from cluster to cluster, which is mode "
        "collapse.",
        {"r1": 0.0, "ema": 0.0, "latent_dim": 2, "beta2": 0.999, "critic_rate": 0.2},
        {"batch_size": 128, "steps": 3000},
    ),
}  # fmt: skip
