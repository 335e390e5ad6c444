"""train.py as a person runs it: logs, kills and restarts, wrong configs, numbers that run away."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from one_device import ENVIRONMENT

from amortize.checkpoint import RunStore, load_checkpoint
from amortize.config import tiny
from amortize.training import abstract_state, bucket_of

ROOT = Path(__file__).parents[1]
COMMAND = [sys.executable, "train.py", "tiny", "--eval-datasets", "4", "--eval-shape", "30", "5"]


def start(*arguments: str) -> subprocess.Popen:
    """The program under way, on one device."""
    pipe = subprocess.PIPE
    command = [*COMMAND, *arguments]
    return subprocess.Popen(command, cwd=ROOT, env=ENVIRONMENT, stdout=pipe, stderr=pipe, text=True)


def run(*arguments: str) -> tuple[int, str, str]:
    """Its exit status, output and error output."""
    process = start(*arguments)
    output, errors = process.communicate()
    return process.returncode, output, errors


def records(out: Path) -> list[dict]:
    return [json.loads(line) for line in (out / "metrics.jsonl").read_text().splitlines()]


def newest(out: Path) -> int:
    """The last saved step, -1 where there is none."""
    names = [p.name for p in (out / "state").glob("[0-9]*")]
    return max([int(name) for name in names if name.isdigit()], default=-1)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    status, _, errors = run("--out", str(out))
    assert status == 0, errors
    return out


@pytest.mark.slow
def test_killed_twice_and_restarted_gives_the_same_parameters(uninterrupted, tmp_path):
    """Killed without warning at random moments, in a save or between, then resumed: bit for bit."""
    for least in (3, 10):
        process = start("--out", str(tmp_path), "--save-minutes", "0")
        deadline = time.monotonic() + 300
        while newest(tmp_path) < least and process.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        time.sleep(random.uniform(0, 0.3))
        os.kill(process.pid, signal.SIGKILL)
        process.communicate()
        assert not (tmp_path / "checkpoint").exists(), "the run ended before it was killed"
    saved = newest(tmp_path)
    status, output, errors = run("--out", str(tmp_path))
    assert status == 0, errors
    resumed = int(output.split(" parameters, step ")[1].split(" of ")[0])
    assert 10 <= saved < 40
    assert saved - 1 <= resumed <= saved
    ends = [load_checkpoint(out / "checkpoint") for out in (uninterrupted, tmp_path)]
    jax.tree.map(np.testing.assert_array_equal, ends[0].params, ends[1].params)
    assert ends[0].card["datasets"] == ends[1].card["datasets"]
    losses = [[r for r in records(out) if "loss" in r] for out in (uninterrupted, tmp_path)]
    assert losses[0] == losses[1], "a step is logged twice, or not at all, or otherwise"


def test_log_and_card(uninterrupted):
    steps = [r["step"] for r in records(uninterrupted) if "loss" in r]
    assert steps == list(range(40))
    card = load_checkpoint(uninterrupted / "checkpoint").card
    assert card["step"] == 40
    assert card["datasets"] == sum(bucket_of(tiny(), k).batch for k in range(40))
    assert card["ranges"] == {"rows": [20, 48], "variables": [2, 6]}


def test_the_best_by_held_out_score_is_kept(uninterrupted):
    scores = [r["held_out"]["auprc"] for r in records(uninterrupted) if "held_out" in r]
    assert load_checkpoint(uninterrupted / "best").card["held_out"]["auprc"] == max(scores)


def test_starts_from_a_checkpoint_and_stops_when_its_time_is_over(uninterrupted, tmp_path):
    before = uninterrupted / "checkpoint"
    start = ["--init-from", str(before), "--max-minutes", "0"]
    status, _, errors = run("--out", str(tmp_path), *start)
    assert status == 0, errors
    card = load_checkpoint(tmp_path / "checkpoint").card
    assert card["step"] == 1
    seen = load_checkpoint(before).card["datasets"]
    assert card["started_from"] == f"tiny, {seen} datasets, from fresh parameters"


def test_refuses_another_config(uninterrupted):
    status, _, errors = run("--out", str(uninterrupted), "--set", "optimiser.clip=2.0")
    assert status == 2
    assert "optimiser.clip: 1.0 there, 2.0 here" in errors
    assert len(errors.strip().splitlines()) == 1


def test_another_architecture_is_told_in_one_line(uninterrupted):
    other = ["--set", "model.pair_width=24", "--reconfigure"]
    status, _, errors = run("--out", str(uninterrupted), *other)
    assert status == 2
    assert "step 40 is of another network" in errors
    assert "average.head.kernel is (16, 3) there and (24, 3) in this config" in errors
    assert len(errors.strip().splitlines()) == 1


def test_a_config_saved_before_new_fields_came_is_the_same_one(uninterrupted):
    """Fields with a default may be added to the config; runs begun before go on."""
    known = uninterrupted / "config.json"
    config = json.loads(known.read_text())
    del config["model"]["axial"], config["optimiser"]["schedule"]
    known.write_text(json.dumps(config))
    status, output, errors = run("--out", str(uninterrupted))
    assert status == 0, errors
    assert "step 40 of 40" in output


def test_a_loss_that_is_not_finite_stops_the_run_before_it(tmp_path):
    status, _, errors = run("--out", str(tmp_path), "--set", "optimiser.learning_rate=1e30")
    assert status == 1
    assert "is not finite" in errors
    assert "Traceback" not in errors
    about = json.loads((tmp_path / "not_finite.json").read_text())
    bucket = bucket_of(tiny(), about["step"])
    assert about["bucket"]["rows"] == list(bucket.rows)
    assert about["seed"] == 0
    store = RunStore(tmp_path)
    found = store.newest(abstract_state(tiny()))
    store.close()
    assert found is not None
    assert found[0] == int(found[1].step) == about["step"]
    assert all(np.isfinite(leaf).all() for leaf in jax.tree.leaves(found[1].params))
