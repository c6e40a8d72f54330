"""SIGKILL at random instants and at each file operation of a save (the fault rows of process death)."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

HARNESS = Path(__file__).with_name("kill_harness.py")
# each kill takes about 0.7 s; a release is checked with GENSTUDIO_KILLS=1000
KILLS = int(os.environ.get("GENSTUDIO_KILLS", "12"))

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system cannot fork")


def harness(*arguments):
    """Run the harness; its summary. What it found wrong is the text of the failure."""
    ours = Path(__file__).parents[2]
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ours), os.environ.get("PYTHONPATH", "")])}
    done = subprocess.run(
        [sys.executable, str(HARNESS), *map(str, arguments)], capture_output=True, text=True, env=env, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.timeout(60 + 10 * KILLS)
def test_f01_killed_at_random_instants_a_run_opens_resumes_and_loses_at_most_one_interval(tmp_path):
    seed = int(os.environ.get("GENSTUDIO_SEED", "1"))
    summary = harness("random", tmp_path, KILLS, seed)
    assert summary["kills"] == KILLS
    assert summary["training"] + summary["saving"] > 0  # some hit a training that was under way


def test_f02_f03_killed_at_each_operation_of_save_and_prune_there_is_a_good_checkpoint(tmp_path):
    operations = harness("sweep", tmp_path, "vae")["operations"]
    assert operations > 25  # five files and a manifest, the rename, run.json, the log, the oldest one's removal
