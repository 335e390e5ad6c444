"""Real data inside installed packages; each test is skipped where its package is absent."""

import numpy as np
import pytest

from amortize.real import REAL, SACHS_NAMES, SUITE
from amortize.wheels import Absent, wheel_file


def first(name, seed=0):
    try:
        return next(REAL[name].tables(1, seed))
    except Absent as absent:
        pytest.skip(str(absent))


def test_sachs_is_the_first_block_with_the_consensus_graph():
    found, pooled = first("sachs-observational"), first("sachs-pooled")
    assert found.values_nd.shape == (853, 11) and found.graph_dd.sum() == 17
    assert pooled.values_nd.shape == (7466, 11)
    np.testing.assert_array_equal(pooled.values_nd[:853], found.values_nd)
    names = sorted(SACHS_NAMES.values())  # the network's own order
    edges = {(names[i], names[j]) for i, j in np.argwhere(found.graph_dd)}
    assert {("Raf", "Mek"), ("Mek", "Erk"), ("PKC", "PKA"), ("Plcg", "PIP2")} <= edges
    assert ("Mek", "Raf") not in edges


def test_sachs_in_levels_keeps_the_order_of_the_signals():
    found, levels = first("sachs-observational"), first("sachs-levels")
    assert set(levels.kind_d) == {1} and set(np.unique(levels.values_nd)) == {0, 1, 2}
    for signal, level in zip(found.values_nd.T, levels.values_nd.T, strict=True):
        ranks = signal.argsort()
        assert (np.diff(level[ranks]) >= 0).all()
        assert np.bincount(level.astype(int)).min() > 0.3 * 853
    np.testing.assert_array_equal(levels.graph_dd, found.graph_dd)


def test_fitted_networks_have_their_published_sizes():
    sizes = {"ecoli70": (46, 70), "magic-niab": (44, 66), "arth150": (107, 150)}
    for name, (variables, edges) in sizes.items():
        found = first(name)
        assert found.values_nd.shape == (1000, variables) and found.graph_dd.sum() == edges
    alarm = first("alarm-discrete")
    assert alarm.values_nd.shape == (1000, 37) and alarm.graph_dd.sum() == 46
    assert set(alarm.kind_d) == {1, 2}
    other = first("alarm-discrete", seed=1)
    assert not np.array_equal(other.values_nd, alarm.values_nd)


def test_pairs_have_a_cause_and_an_effect():
    first("tuebingen-pairs")
    pairs = list(REAL["tuebingen-pairs"].tables(99, 0))
    assert len(pairs) == 99 and all(pair.graph_dd.sum() == 1 for pair in pairs)
    assert all(np.isfinite(pair.values_nd).all() for pair in pairs)


def test_the_projects_own_measurement():
    found = first("compression-interventional")
    assert found.values_nd.shape == (900, 12) and found.graph_dd.sum() == 16
    assert found.intervened_nd.any(0).sum() == 6


def test_what_is_absent_says_how_to_get_it():
    assert set(SUITE) <= set(REAL)
    with pytest.raises(Absent, match="no-such-package is not installed: pip install --no-deps 'x"):
        wheel_file("no-such-package", "a.csv", "x>=1")
    with pytest.raises(Absent, match=r"the installed numpy has no file nowhere\.csv"):
        wheel_file("numpy", "nowhere.csv", "numpy")
