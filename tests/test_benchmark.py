"""All benchmarks: frozen, repeatable, one convention."""

import json
from dataclasses import replace
from pathlib import Path

import networkx as nx
import numpy as np
import pytest
from scipy import stats

from simulators.benchmarks import BENCHMARKS, NetworkError, Table, draw_table

PLAIN = [name for name in BENCHMARKS if not name.startswith("avici-gene")]
# Made by: PYTHONPATH=tests python -c "import test_benchmark as t; t.write()"
FROZEN = Path(__file__).parent / "benchmarks.json"


def fingerprint(name) -> dict:
    """Edges and the mean size of the values of one small dataset."""
    table = draw_table(BENCHMARKS[name], 12, 6, 1, 0)
    edges = " ".join(f"{i}>{j}" for i, j in np.argwhere(table.graph_dd))
    return {"edges": edges, "size": float(f"{abs(table.values_nd).mean():.6g}")}


def write() -> None:
    lines = [f'  "{name}": {json.dumps(fingerprint(name))}' for name in PLAIN]
    FROZEN.write_text("{\n" + ",\n".join(lines) + "\n}\n")


@pytest.mark.parametrize("name", PLAIN)
def test_benchmarks_do_not_change_once_published(name):
    known, found = json.loads(FROZEN.read_text())[name], fingerprint(name)
    assert found["edges"] == known["edges"]
    assert found["size"] == pytest.approx(known["size"], rel=1e-4)


@pytest.mark.parametrize("name", PLAIN)
def test_datasets_are_complete_and_acyclic(name):
    benchmark = BENCHMARKS[name]
    table = draw_table(benchmark, 60, 6, 3, 1)
    assert table.values_nd.shape == table.intervened_nd.shape == (60, 6)
    assert np.isfinite(table.values_nd).all() and table.graph_dd.dtype == bool
    graph = nx.from_numpy_array(table.graph_dd, create_using=nx.DiGraph)
    assert nx.is_directed_acyclic_graph(graph)
    assert table.intervened_nd.any() == benchmark.interventional
    assert benchmark.rows >= 1000 and benchmark.datasets >= 5 and "arXiv" in benchmark.source


@pytest.mark.parametrize("name", [n for n in PLAIN if BENCHMARKS[n].interventional])
def test_rows_are_causes_and_columns_effects(name):
    """Of two variables, the effect follows the cause that is set, never the reverse."""
    follows, ignores = [], []
    for index in range(40):
        table = draw_table(BENCHMARKS[name], 500, 2, 4, index)
        for cause, effect in np.argwhere(table.graph_dd):
            for place, found in ((cause, follows), (effect, ignores)):
                pair = table.values_nd[table.intervened_nd[:, place]]
                found.append(abs(stats.spearmanr(pair[:, cause], pair[:, effect]).statistic))
    assert len(follows) > 3
    # Shifted AVICI graphs may set the effect alone: then there is nothing to follow (NaN). The
    # mean of |rank correlation| over 50 rows is 0.11 where there is none.
    assert np.nanmean(follows) > 0.25 and np.nanmean(ignores) < 0.18


def test_names_seeds_indices_and_sizes_decide_the_data():
    one = BENCHMARKS["causcale-linear"]

    def drawn(benchmark=one, n=20, d=6, seed=0, index=0):
        return draw_table(benchmark, n, d, seed, index).values_nd

    np.testing.assert_array_equal(drawn(), drawn())
    others = [drawn(seed=1), drawn(index=1), drawn(replace(one, name="other")), drawn(n=21)[:20]]
    assert not any(np.array_equal(drawn(), other) for other in others)


def test_what_float32_cannot_hold_is_refused():
    def draw(rng, n, d):
        return Table(np.full((n, d), 1e39), np.zeros((n, d), bool), np.zeros((d, d), bool))

    with pytest.raises(FloatingPointError, match="too large"):
        draw_table(replace(BENCHMARKS["causcale-linear"], draw=draw), 5, 2, 0, 0)


def test_a_network_is_asked_for_by_name():
    with pytest.raises(NetworkError, match="'avici-gene-ood' needs the file of a network"):
        draw_table(BENCHMARKS["avici-gene-ood"], 5, 4, 0, 0)
