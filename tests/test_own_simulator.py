"""train.py --simulator as a person runs it: both kinds of the documentation, and bad ones."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from one_device import ENVIRONMENT

from amortize.checkpoint import RunStore, load_checkpoint
from amortize.config import from_dict
from amortize.training import abstract_state

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "your-simulator.md").read_text("utf-8")
BROKEN = """
def late(rng, n, d):
    while rng.random() != np.random.default_rng((0, 2)).random():  # seed 0, step 2
        yield rng.normal(size=(n, d)), np.zeros((d, d))
    raise OSError("the disk is full")
"""
SHORT = ["--set", "steps=4", "--eval-datasets", "2", "--eval-shape", "20", "4"]
SHORT += ["--eval-scenario", "sea-linear"]  # of NumPy, without a compilation
BUCKET = ["--set", 'buckets=[{"rows": [20, 32], "variables": [4, 4], "batch": 4, "weight": 1.0}]']


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A fresh directory with the module of the documentation."""
    folder = tmp_path_factory.mktemp("own")
    blocks = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)
    (folder / "my_model.py").write_text("\n\n".join(blocks) + BROKEN)
    return folder


def train(folder: Path, simulator: str) -> subprocess.CompletedProcess:
    command = [sys.executable, str(ROOT / "train.py"), "tiny", *SHORT, *BUCKET]
    command += ["--simulator", simulator, "--out", simulator.replace(":", ".")]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )


@pytest.mark.slow
@pytest.mark.parametrize("name", ["chain", "pendulum"])
def test_the_commands_of_the_documentation_train(folder, name):
    assert f"python train.py base --simulator my_model:{name}" in PAGE
    done = train(folder, f"my_model:{name}")
    assert done.returncode == 0, done.stderr
    run = folder / f"my_model.{name}"
    assert json.loads((run / "config.json").read_text())["simulator"] == f"my_model:{name}"
    assert load_checkpoint(run / "checkpoint").card["datasets"] == 16


def test_a_generator_that_fails_later_ends_the_run_in_one_line_and_loses_no_step(folder):
    """The look before training and the first two steps have data; the third has not."""
    done = train(folder, "my_model:late")
    line = (folder / "my_model.py").read_text().splitlines().index(BROKEN.splitlines()[-1]) + 1
    assert done.returncode == 3
    assert done.stderr.strip() == (
        f"train.py: simulator my_model:late: it raised OSError at my_model.py, line {line}: "
        "the disk is full. Step 2 is saved in my_model.late: mend the simulator, and the same "
        "command goes on"
    )
    run = folder / "my_model.late"
    config = from_dict(json.loads((run / "config.json").read_text()))
    store = RunStore(run)
    found = store.newest(abstract_state(config))
    store.close()
    assert found is not None
    assert found[0] == int(found[1].step) == 2
    assert found[2]["datasets"] == 8
    assert len((run / "metrics.jsonl").read_text().splitlines()) == 2


def test_a_module_that_cannot_be_read_is_named_before_anything_is_written(folder):
    (folder / "unfinished.py").write_text("def simulate(key, n, d:\n")
    done = train(folder, "unfinished:simulate")
    assert done.returncode == 2
    assert "--simulator unfinished:simulate: unfinished raised SyntaxError at" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "unfinished.simulate").exists()
