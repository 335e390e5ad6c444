"""Scaling laws are recovered from numbers that follow them; what the page of results says."""

import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import grid
from scaling import (
    CANDIDATES,
    Point,
    best_of,
    cost_by_size,
    crossings,
    envelope,
    fit_one,
    fit_two,
    forecast,
    predicted,
    resampled,
    share_of_parameters,
)
from scaling_page import last_points, page, plot, told_again, won

LAW = {"floor": 0.2, "a": 30.0, "alpha": 0.5, "b": 8.0, "beta": 0.4}


@pytest.fixture(scope="module")
def points() -> list[Point]:
    """Four sizes, datasets of two decades, arithmetic 6 N a dataset, one nanosecond each."""
    rng = np.random.default_rng(0)
    found = []
    for run, n in {"a": 2e4, "b": 8e4, "c": 3e5, "d": 1e6}.items():
        for d in np.geomspace(1e3, 1e5, 9):
            loss = float(predicted(LAW, n, d) * np.exp(rng.normal(0, 1e-3)))
            found.append(Point(run, n, float(d), 6 * n * d, 6e-9 * n * d, loss))
    return found


def test_a_law_of_two_terms_is_recovered(points):
    law = fit_two(points)
    for name, value in LAW.items():
        assert law[name] == pytest.approx(value, rel=0.1 if name in {"a", "b"} else 0.05)
    assert law["error"] < 2e-3
    assert share_of_parameters(law) == pytest.approx(0.4 / 0.9, rel=0.05)
    others = resampled(points, law, 20)
    betas = [other["beta"] for other in others]
    assert min(betas) < LAW["beta"] < max(betas)
    assert np.std(betas) < 0.01


def test_points_left_out_are_told(points):
    error, sign, count = forecast(points)
    assert count == sum(p.operations > 0.25 * 6e11 for p in points)
    assert abs(sign) <= error < 0.01


def test_the_best_size_is_where_the_law_is_flat(points):
    spent = 1e14
    datasets = spent / cost_by_size(points, "operations")(CANDIDATES)
    best = best_of("x", datasets, LAW, [LAW])
    # alpha a N^-alpha = beta b D^-beta with C = 6 N D.
    n, d = best.parameters, best.datasets
    assert 6 * n * d == pytest.approx(spent, rel=1e-3)
    assert 0.5 * 30 * n**-0.5 == pytest.approx(0.4 * 8 * d**-0.4, rel=0.03)
    assert best.loss_between == (pytest.approx(best.loss), pytest.approx(best.loss))


def test_a_law_of_arithmetic_is_recovered():
    c = np.geomspace(1e12, 1e16, 9)
    law = fit_one(c, 0.1 + 500 * c**-0.25)
    assert law["floor"] == pytest.approx(0.1, rel=0.05)
    assert law["gamma"] == pytest.approx(0.25, rel=0.02)


def test_the_envelope_falls_and_the_winner_is_cheap_enough():
    pairs = [(1, 5.0), (2, 6.0), (2, 4.0), (3, 4.5), (4, 1.0)]
    points = [Point("a", 1.0, 1.0, c, 1.0, loss) for c, loss in pairs]
    assert [(p.operations, p.loss) for p in envelope(points)] == [(1, 5.0), (2, 4.0), (4, 1.0)]
    assert [p.loss for _, p in won(points, 2)] == [4.0, 1.0]


def test_sizes_pass_each_other_where_the_law_says(points):
    first, second, third = crossings(points)
    # a (n^-alpha - m^-alpha) = b ((C / 6 m)^-beta - (C / 6 n)^-beta), n and m the two sizes
    data, size = 8 * (4.8e5**0.4 - 1.2e5**0.4), 30 * (2e4**-0.5 - 8e4**-0.5)
    assert first[2] == pytest.approx((data / size) ** 2.5, rel=0.2)
    assert (first[0].run, first[1].run) == ("a", "b")
    assert second[2] is None and third[2] is None  # both after the last common point


def test_the_page_marks_what_was_not_trained_and_the_plot_is_drawn(points, tmp_path):
    kept = envelope(points)
    along = {"floor": 0.2, "c": 500.0, "gamma": 0.25, "error": 0.0}
    inside, beyond = (
        best_of(name, spent / (6 * CANDIDATES), LAW, [LAW])
        for name, spent in (("little", 1e11), ("much", 1e22))
    )
    law, found = LAW | {"error": 0.0}, crossings(points)
    text = page(points, law, [LAW], along, 0.4, [inside, beyond], (0.01, 0.0, 3), found)
    assert text.count("not up to") == 2 and "80,000 parameters after 20,000: from" in text
    (little,) = [line for line in text.splitlines() if line.startswith("| little")]
    (much,) = [line for line in text.splitlines() if line.startswith("| much")]
    assert "outside" not in little
    assert "outside" in much
    plot(points, LAW, kept, along, tmp_path / "scaling.png")
    assert (tmp_path / "scaling.png").stat().st_size > 10_000
    assert [p.run for p in last_points(points)] == ["a", "b", "c", "d"]


def test_points_that_were_not_fitted_are_told_within_and_beyond(points):
    seen = [p for p in points if p.datasets < 2e4]
    expected = [p.loss * (1.1 if p.datasets < 2e4 else 0.8) for p in points]
    text = told_again(seen, points, expected, crossings(points))
    (line,) = [line for line in text.splitlines() if line.startswith("| a |")]
    assert line.endswith(f"| {np.log(1.1):+.1%} | {np.log(0.8):+.1%} |")


def test_sizes_of_the_grid_grow_and_differ_in_shape_alone():
    configs = [grid.config_of(name) for name in grid.SIZES]
    assert len({(c.prior, c.questions, c.buckets, c.seed) for c in configs}) == 1
    widths = [c.model.pair_width for c in configs]
    assert widths == sorted(widths)
    rates = [c.optimiser.learning_rate * c.model.pair_width**0.5 for c in configs]
    assert rates == pytest.approx([rates[0]] * len(rates))
    steps = grid.evaluation_steps()
    assert all(b / a < 1.25 for a, b in pairwise(steps))
