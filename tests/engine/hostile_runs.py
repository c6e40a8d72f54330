"""Runs changed by somebody who can also write the right checksums."""

import hashlib
import json

import pytest
from tiny_runs import drive, spec_of

from genstudio.core.errors import GenStudioError
from genstudio.engine.document import signed
from genstudio.engine.load import load_trained
from genstudio.engine.run import Run

STEPS = 4
STEP = "step-000004"


def seal(path):
    """Write the manifest that fits what is in the checkpoint now."""
    folder = path / "checkpoints" / STEP
    files = {
        p.name: {"sha256": hashlib.sha256(p.read_bytes()).hexdigest(), "size": p.stat().st_size}
        for p in folder.iterdir()
        if p.name != "manifest.json"
    }
    (folder / "manifest.json").write_text(json.dumps({"format": 1, "step": STEPS, "files": files}), encoding="utf-8")


def put(path, name, data):
    """Replace a file of the checkpoint and its checksum."""
    (path / "checkpoints" / STEP / name).write_bytes(data)
    seal(path)


def rewrite_document(path, change):
    """Apply `change` to the values of run.json and of its copy, and sign both."""
    values = json.loads((path / "run.json").read_bytes())
    values.pop("sha256")
    change(values)
    text = json.dumps(signed(values))
    (path / "run.json").write_text(text, encoding="utf-8")
    put(path, "run.json", text.encode())


def refused(path):
    """The sentence with which using the model is refused."""
    with pytest.raises(GenStudioError) as caught:
        load_trained(Run.open(path), "cpu")
    with pytest.raises(GenStudioError):
        drive(spec_of(steps=STEPS + 2), path)
    assert "\n" not in str(caught.value).strip()
    return str(caught.value)
