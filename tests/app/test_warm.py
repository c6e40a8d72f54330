"""The window can be painted before torch is loaded; families are loaded behind it."""

import subprocess
import sys

from genstudio.app.warm import load_families
from genstudio.core.spec import TrainingConfig
from genstudio.models import families

_FRESH = """
import sys, threading
import genstudio.app.window
late = {"torch", "pyqtgraph", "sklearn", "tensorboardX"} & set(sys.modules)
assert not late, f"the window waits for {late}"
from genstudio.app.warm import load_families
found = []
thread = threading.Thread(target=lambda: found.append(load_families()))
thread.start()
thread.join()
(catalog, machine), = found
assert "torch" in sys.modules and "pyqtgraph" in sys.modules
print(*catalog, machine, sep="|")
"""


def test_importing_the_window_imports_neither_torch_nor_pyqtgraph_and_a_thread_can():
    done = subprocess.run([sys.executable, "-c", _FRESH], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    *names, machine = done.stdout.strip().split("|")
    assert names == list(families)
    assert machine


def test_every_family_brings_its_knobs_and_presets():
    catalog, _ = load_families()
    assert list(catalog) == list(families)
    for info in catalog.values():
        names = [knob.name for knob in info.knobs]
        assert len(set(names)) == len(names)
        assert set(TrainingConfig.model_fields) < set(names)
        assert info.presets
        assert info.curves
        for preset in info.presets:
            assert set(preset.values) == set(names)
