"""The window: the only package that imports Qt. It arranges and shows; it holds no maths of models."""
