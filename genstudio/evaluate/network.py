"""The feature network itself: small enough to be trained on a processor in half a minute."""

from __future__ import annotations

import hashlib

import torch
from safetensors.torch import save
from torch import Tensor, nn

SIZE = 64  # features
_WIDTH, _MOST_CHANNELS = 16, 64


class FeatureNet(nn.Module):
    """Strided 3 x 3 convolutions with batch norm, halving until 4 pixels are left; 64 features; a classifier.

    Attributes
    ----------
    shape : (height, width, channels)
        Of the pictures that it takes.
    classes : int
        Labels that it tells apart; 0 for a network that was trained without labels.
    about : str
        How it was trained, in words.
    """

    def __init__(self, shape: tuple[int, int, int], classes: int) -> None:
        super().__init__()
        self.shape, self.classes, self.about = shape, classes, ""
        height, width, channels = shape
        layers: list[nn.Module] = []
        out = _WIDTH if max(height, width) <= 32 else _WIDTH // 2
        while max(height, width) > 4 or len(layers) < 6:
            layers += [nn.Conv2d(channels, out, 3, 2, 1, bias=False), nn.BatchNorm2d(out), nn.ReLU()]
            height, width, channels, out = (height + 1) // 2, (width + 1) // 2, out, min(_MOST_CHANNELS, 2 * out)
        self.body = nn.Sequential(*layers, nn.Flatten(), nn.Linear(channels * height * width, SIZE))
        self.norm = nn.BatchNorm1d(SIZE, affine=False)
        self.head = nn.Linear(SIZE, max(1, classes))
        self.mean: Tensor
        self.scale: Tensor
        self.register_buffer("mean", torch.zeros(1, shape[2], 1, 1))
        self.register_buffer("scale", torch.ones(1, shape[2], 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        """Pictures float32 [N, C, H, W] in 0..1 to features [N, 64]: mean 0, variance 1 on training data."""
        return self.norm(self.raw(images))

    def raw(self, images: Tensor) -> Tensor:
        """Features before they are brought to mean 0 and variance 1."""
        return self.body((images - self.mean) * self.scale)

    def logits(self, features: Tensor) -> Tensor:
        """Features [N, 64] to scores of the labels [N, classes]."""
        return self.head(features.relu())

    def initialise(self, images: Tensor, generator: torch.Generator) -> None:
        """First weights: He et al. 2015 for layers, the identity for norms; the input is centred as `images` are."""
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight, nonlinearity="relu", generator=generator)
                if module.bias is not None:
                    nn.init.zeros_(module.bias)
            elif isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
                module.reset_running_stats()
                if module.affine:
                    nn.init.ones_(module.weight)
                    nn.init.zeros_(module.bias)
        self.mean.copy_(images.mean((0, 2, 3)).reshape(1, -1, 1, 1))
        self.scale.copy_(1 / images.std((0, 2, 3)).clamp_min(1e-3).reshape(1, -1, 1, 1))

    def to_bytes(self) -> bytes:
        """All weights as a safetensors file."""
        return save({name: tensor.contiguous() for name, tensor in self.state_dict().items()})

    def fingerprint(self) -> str:
        """The first 12 hex digits of the sha256 of the weights: scores of two networks never compare."""
        return hashlib.sha256(self.to_bytes()).hexdigest()[:12]


def blank(shape: tuple[int, int, int], classes: int) -> FeatureNet:
    """A network without weights: torch's own initialisation would draw from the generator of the whole process."""
    with torch.device("meta"):
        net = FeatureNet(shape, classes)
    return net.to_empty(device="cpu").to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
