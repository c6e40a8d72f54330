"""GenStudio: a desktop studio for deep generative models."""

__version__ = "0.1.0"
