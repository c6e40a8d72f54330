"""What holds for every test: no screen, one thread of arithmetic, nothing read or written outside its own folder."""

import os

# before anything imports Qt or torch
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
os.environ["OMP_NUM_THREADS"] = "1"

import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# the same examples at each run, and no test depends on how fast the machine is
settings.register_profile("steady", deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
settings.load_profile("steady")

REAL_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(autouse=True)
def home(tmp_path_factory, monkeypatch):
    """An empty folder for the settings, logs and runs of this test alone."""
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("GENSTUDIO_HOME", str(folder))
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    """Equal results and no fight for cores, also after a test that asked torch for more threads."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data():
    """Folder of the real data sets beside the checkout; without it the test is skipped."""
    if not REAL_DATA.is_dir():
        pytest.skip(f"the real data sets are not at {REAL_DATA}")
    return REAL_DATA
