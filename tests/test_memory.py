"""The estimate that refuses a config before its first step."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import jax
from one_device import ENVIRONMENT

from amortize import memory
from amortize.config import Bucket, base, override, tiny
from amortize.mesh import data_mesh
from amortize.training import abstract_state

NOISE = """
import jax, jax.numpy as jnp

def noise(key, n, d):
    return jax.random.normal(key, (n, d)), jnp.zeros((d, d))
"""


def test_the_largest_bucket_is_the_one_with_most_tokens():
    assert memory.largest_bucket(tiny()) == tiny().buckets[1]
    many = Bucket((20, 48), (2, 6), 40, 1.0)
    assert memory.largest_bucket(replace(tiny(), buckets=(*tiny().buckets, many))) == many
    wide = Bucket((2, 2), (2, 300), 1, 1.0)
    assert memory.largest_bucket(replace(base(), buckets=(base().buckets[0], wide))) == wide
    axial = override(tiny(), ["model.architecture=axial"])
    assert memory.cell_width(axial.model) == axial.model.axial.width


def test_too_little_memory_is_refused_before_anything_runs(monkeypatch):
    config, mesh = tiny(), data_mesh(1)
    held = sum(4 * leaf.size for leaf in jax.tree.leaves(abstract_state(config)))
    needed = memory.bytes_needed(config, memory.largest_bucket(config), mesh)
    assert 2 * held < needed < 1e9
    monkeypatch.setattr(memory, "bytes_available", lambda device: needed)
    assert memory.shortage(config, mesh) == ""
    monkeypatch.setattr(memory, "bytes_available", lambda device: needed - 1)
    said = memory.shortage(config, mesh)
    assert "4 datasets of 48 rows and 6 variables needs about 0.0 GiB" in said


def test_this_machine_has_memory():
    assert memory.bytes_available(jax.devices()[0]) > 1e6


def test_the_command_refuses_what_cannot_fit_in_one_line_before_step_0(tmp_path):
    (tmp_path / "mine.py").write_text(NOISE)
    program = [sys.executable, str(Path(__file__).parents[1] / "train.py"), "tiny", "--out", "run"]
    bucket = '{"rows": [20, 32], "variables": [4, 4], "batch": 10000000, "weight": 1.0}'
    options = ["--set", f"buckets=[{bucket}]", "--simulator", "mine:noise"]
    done = subprocess.run(
        program + options,
        cwd=tmp_path,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    line = done.stderr.splitlines()[-1]
    assert line.startswith(
        "train.py: a step of 10,000,000 datasets of 32 rows and 4 variables needs"
    )
    assert line.endswith("set model.rematerialise=true")
    assert not (tmp_path / "run" / "config.json").exists()
