"""Model families, one file each. This page lists them without importing torch."""

from __future__ import annotations

from typing import TYPE_CHECKING

from genstudio.core.registry import Entry, Registry

if TYPE_CHECKING:
    from genstudio.models.base import GenerativeModel

families: Registry[GenerativeModel] = Registry(
    "family",
    {
        "autoencoder": Entry(
            "genstudio.models.autoencoder",
            "Autoencoder",
            "Autoencoder",
            "Squeezes each picture into a short code and draws it again. Sharp reconstructions.",
        ),
        "vae": Entry(
            "genstudio.models.vae",
            "VAE",
            "Variational autoencoder",
            "An autoencoder whose codes fill a smooth space, so that new pictures can be drawn from it.",
        ),
        "gan": Entry(
            "genstudio.models.gan",
            "GAN",
            "Generative adversarial network",
            "A generator draws, a critic tells drawn from real, and both get better. Sharp pictures, drawn at once.",
        ),
        "flow": Entry(
            "genstudio.models.flow",
            "Flow",
            "Flow matching",
            "Learns to carry noise to data step by step. The best pictures for the time, slower to draw.",
        ),
    },
)
