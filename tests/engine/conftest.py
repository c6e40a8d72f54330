"""A finished run of four steps, and a copy of it that a test may spoil."""

import shutil

import pytest
from hostile_runs import STEPS
from tiny_runs import drive, spec_of


@pytest.fixture(scope="session")
def finished_run(tmp_path_factory):
    path = tmp_path_factory.mktemp("finished") / "r"
    drive(spec_of(steps=STEPS), path)
    return path


@pytest.fixture
def victim(finished_run, tmp_path):
    shutil.copytree(finished_run, tmp_path / "r")
    return tmp_path / "r"
