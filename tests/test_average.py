"""The mean of two checkpoints."""

import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from amortize.checkpoint import load_checkpoint, save_checkpoint
from amortize.config import tiny
from amortize.errors import UsageError
from amortize.model import init

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

from average import averaged, main


def test_the_mean_lies_between_and_says_what_it_is(tmp_path):
    config = tiny()
    ends = [init(config.model, seed) for seed in (0, 1)]
    for name, params in zip("ab", ends, strict=True):
        save_checkpoint(tmp_path / name, params, config, {"name": name, "outputs": ["edges"]})
    main(tmp_path / "a", tmp_path / "b", tmp_path / "mean", 0.75)
    found = load_checkpoint(tmp_path / "mean")
    assert found.card["name"] == "b"
    assert found.card["averaged"] == "0.75 of the run, 0.25 of what it started from"
    leaves = [jax.tree.leaves(tree) for tree in (*ends, found.params)]
    for a, b, mean in zip(*leaves, strict=True):
        np.testing.assert_allclose(mean, 0.25 * np.asarray(a) + 0.75 * np.asarray(b), atol=1e-7)


def test_networks_of_other_shapes_have_no_mean():
    params = init(tiny().model, 0)
    less = {name: part for name, part in params.items() if name != "head"}
    with pytest.raises(UsageError, match="the two checkpoints differ: head"):
        averaged(less, params, 0.5)
