"""What to do with damage: use a copy, and put aside what is damaged instead of deleting it."""

from __future__ import annotations

import contextlib
from pathlib import Path

from genstudio.core import atomic
from genstudio.core.errors import WorkError
from genstudio.engine import checkpoint as checkpoints
from genstudio.engine.document import Document, read_document, signed


def recover_document(path: Path, damage: WorkError) -> tuple[Document, str]:
    """The copy of ``run.json`` in the newest good checkpoint, and where it was; the damaged file becomes ``.bad``.

    Raises
    ------
    WorkError
        When no checkpoint has one.
    """
    for _, folder in checkpoints.listed(path / "checkpoints"):
        try:
            checkpoints.verified(folder)
            document = read_document(folder / "run.json")
        except WorkError:
            continue
        document = document.model_copy(update={"state": "interrupted"})
        with contextlib.suppress(OSError):  # a read-only run opens all the same
            if (path / "run.json").exists():
                put_aside(path / "run.json")
            atomic.write_json(path / "run.json", signed(document.model_dump()))
        return document, f"the checkpoint of step {document.step:,}"
    raise WorkError(f"The run “{path.name}” cannot be opened: {damage} No good checkpoint has a copy.")


def put_aside(path: Path) -> None:
    """Rename to ``.bad``, or ``.bad-2`` and so on when that is taken; raises OSError."""
    number, aside = 1, path.with_name(f"{path.name}.bad")
    while aside.exists():
        number += 1
        aside = path.with_name(f"{path.name}.bad-{number}")
    path.rename(aside)
