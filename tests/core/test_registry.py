"""The registry: names known without importing anything, one sentence for a name that is not."""

import subprocess
import sys

import pytest

from genstudio.core.errors import InputError
from genstudio.core.registry import Entry, Registry

REGISTRY = Registry("fruit", {"apple": Entry("collections", "Counter", "Apple", "Round.")})


def test_names_and_facts_without_loading():
    assert list(REGISTRY) == ["apple"]
    assert "apple" in REGISTRY
    assert "pear" not in REGISTRY
    assert REGISTRY.entry("apple").title == "Apple"


def test_load_imports_the_class():
    assert REGISTRY.load("apple").__name__ == "Counter"


@pytest.mark.parametrize("name", ["pear", "", "collections.Counter", "os.system", "__class__"])
def test_f43_a_name_that_is_not_registered_is_never_imported(name):
    with pytest.raises(InputError, match="There is no fruit"):
        REGISTRY.load(name)


def test_families_are_listed_before_torch_is_imported():
    code = "import sys; from genstudio.models import families; print(*families, 'torch' in sys.modules)"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    *names, torch_is_there = shown.split()
    assert {"autoencoder", "vae", "gan", "flow"} <= set(names)
    assert torch_is_there == "False"
