"""Bayesian networks from files, on small ones worked by hand."""

import gzip
import json

import numpy as np
import pytest

from simulators.bayesian_network import draw, graph_of, read_bif, read_gaussian

BIF = """network unknown {
}
variable Wet {
  type discrete [ 2 ] { no, yes };
}
variable Rain {
  type discrete [ 3 ] { none, light, heavy };
}
variable Hose {
  type discrete [ 2 ] { off, on };
}
probability ( Rain ) {
  table 0.5, 0.3, 0.2;
}
probability ( Hose ) {
  table 0.9, 0.1;
}
probability ( Wet | Rain, Hose ) {
  (none, off) 1.0, 0.0;
  (light, off) 0.4, 0.6;
  (heavy, off) 0.0, 1.0;
  (none, on) 0.2, 0.8;
  (light, on) 0.1, 0.9;
  (heavy, on) 0.0, 1.0;
}
"""
GAUSSIAN = {
    "nodes": ["b", "a"],
    "arcs": [["a", "b"]],
    "cpds": {
        "b": {
            "coefficients": {"(Intercept)": [1.0], "a": [2.0]},
            "variance": [0.25],
            "parents": ["a"],
        },
        "a": {"coefficients": {"(Intercept)": [-1.0]}, "variance": [4.0], "parents": []},
    },
}


@pytest.fixture
def wet(tmp_path):
    path = tmp_path / "wet.bif.gz"
    path.write_bytes(gzip.compress(BIF.encode()))
    return read_bif(path)


def test_a_discrete_network_keeps_its_directions(wet):
    assert list(wet) == ["Wet", "Rain", "Hose"]
    expected = np.zeros((3, 3), bool)
    expected[1, 0] = expected[2, 0] = True
    np.testing.assert_array_equal(graph_of(wet), expected)


def test_states_follow_their_tables(wet):
    values = draw(wet, 40_000, np.random.default_rng(0))
    rain = np.bincount(values[:, 1].astype(int)) / len(values)
    np.testing.assert_allclose(rain, [0.5, 0.3, 0.2], atol=0.01)
    for (state, hose), chance in {(0, 0): 0, (1, 0): 0.6, (2, 0): 1, (0, 1): 0.8}.items():
        chosen = (values[:, 1] == state) & (values[:, 2] == hose)
        assert values[chosen, 0].mean() == pytest.approx(chance, abs=0.02)


def test_gaussian_moments(tmp_path):
    path = tmp_path / "two.json"
    path.write_text(json.dumps(GAUSSIAN))
    network = read_gaussian(path)
    assert graph_of(network).tolist() == [[False, False], [True, False]]
    b, a = draw(network, 40_000, np.random.default_rng(1)).T
    assert a.mean() == pytest.approx(-1, abs=0.05) and a.var() == pytest.approx(4, rel=0.05)
    assert b.mean() == pytest.approx(-1, abs=0.1)
    assert np.var(b - 2 * a) == pytest.approx(0.25, rel=0.05)


def test_files_that_are_no_network(tmp_path):
    path = tmp_path / "x.bif"
    path.write_text("nothing")
    with pytest.raises(ValueError, match="no discrete variable"):
        read_bif(path)
    path.write_text(BIF.replace("  (heavy, on) 0.0, 1.0;\n", ""))
    with pytest.raises(ValueError, match="table of Wet is incomplete"):
        read_bif(path)
