"""Data parallelism: the same data and losses on any number of devices, in one process or two."""

import dataclasses
import json
import socket
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import pytest
from one_device import ENVIRONMENT

from amortize.config import Bucket, tiny
from amortize.errors import UsageError
from amortize.mesh import data_mesh, join, replicate, usable_devices
from amortize.optimiser import learning_rate
from amortize.training import compiled_step, initial_state

ROOT = Path(__file__).parents[1]
BUCKET = Bucket((24, 24), (4, 4), 8, 1.0)
CONFIG = dataclasses.replace(tiny(), steps=12, buckets=(BUCKET,))


def curve(devices: int) -> tuple[list[float], float]:
    """The losses of CONFIG on so many devices, and the arithmetic of a step on one of them."""
    mesh = data_mesh(devices)
    state = replicate(mesh, initial_state(CONFIG))
    scalars = np.int32(0), np.int32(0), np.float32(0)
    step = compiled_step(CONFIG, BUCKET, mesh).lower(state, *scalars).compile()
    losses = []
    for number in range(CONFIG.steps):
        rate = np.float32(learning_rate(CONFIG.optimiser, CONFIG.steps, number))
        state, metrics = step(state, np.int32(number), np.int32(0), rate)
        losses.append(float(metrics["loss"]))
    return losses, step.cost_analysis()["flops"]


@pytest.fixture(scope="module")
def one_device():
    return curve(1)


def test_eight_devices_give_the_loss_curve_of_one(one_device):
    losses, flops = curve(8)
    np.testing.assert_allclose(losses, one_device[0], rtol=1e-4)
    assert len(set(losses)) == len(losses)
    assert flops < one_device[1] / 4, "the work is not shared"


@pytest.mark.slow
def test_two_processes_train_and_survive_the_death_of_one(one_device, tmp_path):
    """Started, saved, one killed, both started again: the losses of one device, each step once."""

    def start() -> list[subprocess.Popen]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        bucket = json.dumps([dataclasses.asdict(BUCKET)])
        command = [sys.executable, "train.py", "tiny", "--out", str(tmp_path), "--save-minutes=0"]
        command += ["--set", "steps=12", "--set", f"buckets={bucket}"]
        command += ["--eval-datasets", "4", "--eval-shape", "30", "5"]
        return [
            subprocess.Popen(
                [*command, "--distributed", f"127.0.0.1:{port},2,{rank}"],
                cwd=ROOT,
                env=ENVIRONMENT,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            for rank in range(2)
        ]

    pair = start()
    try:
        deadline = time.monotonic() + 400
        while not (tmp_path / "state" / "10").exists():
            assert time.monotonic() < deadline
            assert all(process.poll() is None for process in pair), pair[0].communicate()
            time.sleep(0.01)
    finally:
        pair[1].kill()
        pair[1].communicate()
        pair[0].kill()  # as the launcher does with the rest of a job
        pair[0].communicate()
    assert not (tmp_path / "checkpoint").exists(), "the run ended before it was killed"
    pair = start()
    ends = [process.communicate() for process in pair]
    assert [process.returncode for process in pair] == [0, 0], ends
    assert "step 10 of 12" in ends[0][0]
    own = [line for line in ends[1][0].splitlines() if not line.startswith("[Gloo]")]
    assert own == [], "the second process prints"
    records = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    found = [(r["step"], r["loss"]) for r in records if "loss" in r]
    assert [step for step, _ in found] == list(range(12))
    np.testing.assert_allclose([loss for _, loss in found], one_device[0], rtol=1e-4)


def test_devices_that_cannot_share_a_batch_stay_idle():
    assert jax.device_count() == 8
    assert usable_devices([16, 8]) == 8
    assert usable_devices([16, 12]) == 4
    assert usable_devices([7]) == 7
    assert usable_devices([11]) == 1


def test_several_processes_need_batches_that_split(monkeypatch):
    monkeypatch.setattr(jax, "process_count", lambda: 2)
    with pytest.raises(UsageError, match="batch of 12 datasets does not split over 8 devices"):
        usable_devices([16, 12])


@pytest.mark.parametrize("words", ["yes", "host,2,0", "host:1,2", "host:1,two,0"])
def test_wrong_addresses_are_named(words):
    with pytest.raises(UsageError, match="HOST:PORT,PROCESSES,ID"):
        join(words)
