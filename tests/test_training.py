"""Training: determinism, resuming after a kill, and that it learns."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import jax
import numpy as np
import optax
import pytest

from amortize.checkpoint import RunStore, load_checkpoint
from amortize.config import Bucket, tiny
from amortize.errors import UsageError
from amortize.loss import pair_cross_entropy
from amortize.model import init, predict_logits
from amortize.question import QuestionConfig, ask
from amortize.training import bucket_of, carry_over, draw_data, initial_state, schedule

ROOT = Path(__file__).parents[1]


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "train.py", "tiny", "--eval-datasets", "4", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def parameters(folder: Path) -> list[np.ndarray]:
    return jax.tree.leaves(load_checkpoint(folder / "checkpoint").params)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory) -> Path:
    out = tmp_path_factory.mktemp("whole")
    done = run("--out", str(out))
    assert done.returncode == 0, done.stderr
    return out


@pytest.mark.slow
def test_kill_and_restart_gives_the_same_parameters(uninterrupted, tmp_path):
    """Killed without warning after a saved state, then resumed: equal bit for bit."""
    command = [sys.executable, "train.py", "tiny", "--out", str(tmp_path), "--eval-datasets", "4"]
    first = subprocess.Popen([*command, "--save-minutes", "0"], cwd=ROOT, stdout=subprocess.PIPE)
    deadline = time.monotonic() + 240
    while time.monotonic() < deadline and first.poll() is None:
        saved = [p.name for p in (tmp_path / "state").glob("[0-9]*")]
        if any(int(name) >= 7 for name in saved if name.isdigit()):
            break
        time.sleep(0.01)
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    assert not (tmp_path / "checkpoint").exists(), "the run ended before it was killed"
    resumed = run("--out", str(tmp_path))
    assert resumed.returncode == 0, resumed.stderr
    start = int(resumed.stdout.split(" parameters, step ")[1].split(" of ")[0])
    assert 7 <= start < 40
    for whole, again in zip(parameters(uninterrupted), parameters(tmp_path), strict=True):
        np.testing.assert_array_equal(whole, again)
    records = [json.loads(s) for s in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    steps = [record["step"] for record in records if "loss" in record]
    assert len(steps) == len(set(steps)), "steps that were done again are logged twice"


def test_log_and_card(uninterrupted):
    lines = [json.loads(s) for s in (uninterrupted / "metrics.jsonl").read_text().splitlines()]
    steps = [r["step"] for r in lines if "loss" in r]
    assert steps == sorted(set(steps))
    assert len(steps) >= 39
    card = load_checkpoint(uninterrupted / "checkpoint").card
    assert card["step"] == 40
    assert card["datasets"] == sum(bucket_of(tiny(), k).batch for k in range(40))
    assert card["ranges"] == {"rows": [20, 48], "variables": [2, 6]}


def test_refuses_another_config(uninterrupted):
    done = run("--out", str(uninterrupted), "--set", "optimiser.clip=2.0")
    assert done.returncode == 2
    assert "another config" in done.stderr
    assert "Traceback" not in done.stderr


def test_init_from_carries_the_parameters(uninterrupted, tmp_path):
    start = initial_state(tiny(), load_checkpoint(uninterrupted / "checkpoint").params)
    for given, kept in zip(parameters(uninterrupted), jax.tree.leaves(start.params), strict=True):
        np.testing.assert_array_equal(given, kept)
    assert int(start.step) == 0


def test_more_pair_features_begin_as_the_same_function():
    old = tiny().model
    new = dataclasses.replace(old, statistics=True)
    data = draw_data(jax.random.key(0), tiny().prior, Bucket((32, 32), (4, 4), 4, 1.0))
    batch = ask(jax.random.key(0), QuestionConfig(), data)
    params = init(old, 3)
    grown = carry_over(params, init(new, 4))
    assert grown["pair_in"]["kernel"].shape[0] > params["pair_in"]["kernel"].shape[0]
    np.testing.assert_allclose(
        predict_logits(new, grown, batch), predict_logits(old, params, batch), atol=1e-5
    )
    with pytest.raises(UsageError, match="give the same --set"):
        carry_over(params, init(dataclasses.replace(old, pair_width=24), 0))


def test_damaged_newest_state_is_skipped(tmp_path, capsys):
    store = RunStore(tmp_path)
    for step in (1, 2):
        store.save(step, {"x": np.full(3, float(step), np.float32)})
    store.close()
    for file in (tmp_path / "state" / "2").rglob("*"):
        if file.is_file() and "METADATA" not in file.name:
            file.write_bytes(b"")
    reopened = RunStore(tmp_path)
    found = reopened.newest({"x": jax.ShapeDtypeStruct((3,), np.float32)})
    reopened.close()
    assert found is not None
    assert found[0] == 1
    np.testing.assert_array_equal(found[1]["x"], 1.0)
    assert "step 2 cannot be read" in capsys.readouterr().out


def test_schedule_warms_up_and_decays():
    config = tiny().optimiser
    rate = schedule(config, 1000)
    assert float(rate(0)) == 0
    assert float(rate(config.warmup)) == pytest.approx(config.learning_rate)
    last = config.learning_rate * config.final_share
    assert float(rate(1000)) == pytest.approx(last, rel=1e-3)
    assert float(rate(5000)) == pytest.approx(last, rel=1e-3)


def test_overfits_a_few_tables():
    """Every path carries gradient: the network learns sixteen fixed tables by heart."""
    config = tiny()
    data = draw_data(jax.random.key(0), config.prior, Bucket((32, 32), (4, 4), 16, 1.0))
    batch = ask(jax.random.key(0), QuestionConfig(), data)
    update = optax.adam(0.01)

    def loss(params):
        logits = predict_logits(config.model, params, batch)
        return pair_cross_entropy(logits, data.graph, data.variables).mean()

    @jax.jit
    def step(params, state):
        value, gradient = jax.value_and_grad(loss)(params)
        change, state = update.update(gradient, state)
        return optax.apply_updates(params, change), state, value

    params = init(config.model, 0)
    state = update.init(params)
    losses = []
    for _ in range(400):
        params, state, value = step(params, state)
        losses.append(float(value))
    assert losses[0] > 0.8
    assert losses[-1] < 0.1
