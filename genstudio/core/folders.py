"""Where GenStudio keeps things, on every system; ``GENSTUDIO_HOME`` moves all of it."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

_NAME = "GenStudio"


def home() -> Path | None:
    """The folder that ``GENSTUDIO_HOME`` names, or None."""
    value = os.environ.get("GENSTUDIO_HOME")
    return Path(value).expanduser() if value else None


def config_folder() -> Path:
    """For settings."""
    return home() or platformdirs.user_config_path(_NAME, appauthor=False)


def log_folder() -> Path:
    """For logs and crash reports."""
    base = home()
    return base / "logs" if base else platformdirs.user_log_path(_NAME, appauthor=False)


def runs_folder() -> Path:
    """For runs, unless another folder was chosen."""
    base = home()
    return base / "runs" if base else platformdirs.user_documents_path() / _NAME / "runs"


def cache_folder() -> Path:
    """For prepared data, which can be made again at any time."""
    base = home()
    return base / "cache" if base else platformdirs.user_cache_path(_NAME, appauthor=False)
