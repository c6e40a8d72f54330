"""Where training data comes from and how it reaches the network."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from genstudio.data.dataset import Dataset
    from genstudio.data.items import Rejected
    from genstudio.data.source import open_source

__all__ = ["Dataset", "Rejected", "open_source"]
_HOME = {"Dataset": "dataset", "Rejected": "items", "open_source": "source"}


def __getattr__(name: str) -> Any:
    """Import what is asked for: the processes that decode files start without the rest."""
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
