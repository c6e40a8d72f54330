"""Finds what ships beside the code: ``resources/`` in a checkout, ``genstudio/resources/`` in a wheel."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from genstudio.core.errors import WorkError

_PACKAGE = Path(__file__).resolve().parents[1]


def find(package: Path) -> Path:
    """The resource folder that belongs to the package folder `package`.

    Raises
    ------
    WorkError
        When there is none: the installation is incomplete.
    """
    for folder in (package / "resources", package.parent / "resources"):
        if (folder / "icons").is_dir():
            return folder
    raise WorkError(f"The icons of GenStudio are missing beside {package}: install it again.")


@cache
def folder() -> Path:
    """The resource folder of this installation; raises `WorkError` when it is missing."""
    return find(_PACKAGE)


def icon_path(name: str) -> Path:
    """File of the icon `name`, e.g. "play"; raises `WorkError` when there is none."""
    path = folder() / "icons" / f"{name}.svg"
    if not path.is_file():
        raise WorkError(f"There is no icon “{name}” in {path.parent}.")
    return path
