"""Running a model: do() cuts the parents, plans cover what they promise."""

import numpy as np

from simulators.benchmarks.structural import (
    OBSERVED,
    by_turns,
    fourier,
    in_blocks,
    observational,
    run,
    signed,
)


def chain(n_each=4000):
    """2 -> 0 -> 1 with unit weights, 2 observed, then 0 set to 10 + U(-1, 1)."""
    graph = np.zeros((3, 3), bool)
    graph[2, 0] = graph[0, 1] = True

    def add(rng, x_nk, _):
        return x_nk.sum(1) + rng.normal(size=len(x_nk))

    target = np.concatenate([observational(n_each), np.full(n_each, 0)])
    rng = np.random.default_rng(0)
    return run(rng, graph, [add] * 3, target, lambda rng, n: 10 + rng.uniform(-1, 1, n))


def test_an_intervention_cuts_the_parents_and_reaches_the_descendants():
    table = chain()
    before, after = table.values_nd[:4000], table.values_nd[4000:]
    assert table.graph_dd[2, 0] and not table.graph_dd[0, 2]
    assert (table.intervened_nd == (np.arange(8000)[:, None] >= 4000) * [1, 0, 0]).all()
    assert np.corrcoef(before[:, 2], before[:, 0])[0, 1] > 0.65
    assert abs(np.corrcoef(after[:, 2], after[:, 0])[0, 1]) < 0.05
    assert (abs(after[:, 0] - 10) <= 1).all() and abs(after[:, 1].mean() - 10) < 0.1
    assert abs(after[:, 2].mean()) < 0.06 and abs(after[:, 2].std() - 1) < 0.05


def test_plans():
    rng = np.random.default_rng(0)
    turns = by_turns(rng, 100, 25, np.array([4, 1, 7]))
    assert (turns[:75] == OBSERVED).all()
    counts = [(turns == k).sum() for k in (1, 4, 7)]
    assert sorted(counts) == [8, 8, 9]
    blocks = in_blocks(rng, 1000, 100)
    counts = [(blocks == k).sum() for k in range(OBSERVED, 100)]
    assert counts[0] == 9 and sorted(set(counts[1:])) == [9, 10] and sum(counts) == 1000
    assert (np.diff(blocks) != 0).sum() == 100  # every regime is one block
    assert len(in_blocks(rng, 5, 9)) == 5  # fewer rows than regimes


def test_signed_numbers_keep_clear_of_zero():
    drawn = signed(np.random.default_rng(0), (0.25, 1.0), 5000)
    assert abs(drawn).min() >= 0.25 and abs(drawn).max() <= 1
    assert abs((drawn > 0).mean() - 0.5) < 0.03 and abs(abs(drawn).mean() - 0.625) < 0.02


def test_fourier_functions_have_the_covariance_of_their_kernel():
    """cov(f(0), f(x)) = scale^2 exp(-x^2 / (2 length^2)) over the draws of f."""
    x = np.array([[0.0], [1.0], [2.0], [6.0]])
    rng = np.random.default_rng(0)
    f = np.array([fourier(rng, 1, 2.0, 3.0)(x) for _ in range(4000)])
    found = (f[:, :1] * f).mean(0)
    np.testing.assert_allclose(found, 9 * np.exp(-(x[:, 0] ** 2) / 8), atol=0.6)
