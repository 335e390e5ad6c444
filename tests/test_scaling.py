"""Scaling laws are recovered from numbers that follow them; tables and commands of the drivers."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import equal_time
import grid
from scaling import Point, envelope, fit_one, fit_two, plot, share_of_parameters

from amortize.config import override, small


def test_a_law_of_two_terms_is_recovered():
    rng = np.random.default_rng(0)
    n, d = np.exp(rng.uniform(np.log(3e4), np.log(3e6), 24)), np.exp(rng.uniform(8, 14, 24))
    loss = 0.2 + 30 * n**-0.5 + 8 * d**-0.4
    law = fit_two(n, d, loss * np.exp(rng.normal(0, 1e-3, 24)))
    assert law["floor"] == pytest.approx(0.2, rel=0.1)
    assert law["alpha"] == pytest.approx(0.5, rel=0.1)
    assert law["beta"] == pytest.approx(0.4, rel=0.1)
    assert law["error"] < 2e-3
    assert share_of_parameters(law) == pytest.approx(0.4 / 0.9, rel=0.1)


def test_a_law_of_arithmetic_is_recovered_and_drawn(tmp_path):
    c = np.geomspace(1e12, 1e16, 9)
    law = fit_one(c, 0.1 + 500 * c**-0.25)
    assert law["floor"] == pytest.approx(0.1, rel=0.05)
    assert law["gamma"] == pytest.approx(0.25, rel=0.02)
    points = [Point("a", 1.0, 1.0, x, 0.1 + 500 * x**-0.25, True) for x in c]
    plot(points, law, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 10_000


def test_the_envelope_falls():
    pairs = [(1, 5.0), (2, 6.0), (2, 4.0), (3, 4.5), (4, 1.0)]
    points = [Point("a", 1.0, 1.0, c, loss, False) for c, loss in pairs]
    assert [(p.operations, p.loss) for p in envelope(points)] == [(1, 5.0), (2, 4.0), (4, 1.0)]


@pytest.mark.parametrize("size", grid.SIZES)
def test_the_grid_sets_fields_that_exist(size):
    line = grid.command("small", size, 300, Path("runs/x"), ["seed=3"])
    config = override(small(), [b for a, b in pairwise(line) if a == "--set"])
    assert (config.steps, config.seed, config.model.pair_width) == (300, 3, grid.SIZES[size][2])


def test_the_comparison_trains_both_on_the_same_tables():
    configs = []
    for name in ("two_stream", "axial"):
        line = equal_time.command(name, Path("x"), 60.0, 30, 8, [])
        chosen = [b for a, b in pairwise(line) if a == "--set"]
        configs.append(override(small(), chosen))
    assert [c.model.architecture for c in configs] == ["two_stream", "axial"]
    assert configs[0].buckets == configs[1].buckets
    assert configs[0].buckets[0].variables == (30, 30)


def test_the_comparison_says_when_the_first_passed_the_second():
    def records(*losses):
        return [
            {"hours": k / 10, "datasets": k, "held_out": {"loss": loss, "auprc": 0.5}}
            for k, loss in enumerate(losses, 1)
        ]

    passed = equal_time.table({"ours": records(0.9, 0.5, 0.3), "theirs": records(0.9, 0.8, 0.6)})
    assert "within 67% of its time" in passed
    failed = equal_time.table({"ours": records(0.9), "theirs": records(0.9, 0.8)})
    assert "did not reach" in failed
