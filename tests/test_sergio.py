"""Benchmark A, GENE: constants of the networks, knock-outs, parts of the user's networks."""

from pathlib import Path

import jax
import numpy as np
import pytest
from worlds import quick_jit

from simulators.benchmarks import BENCHMARKS, NetworkError, draw_table, sergio
from simulators.edge_list import EdgeListError, read_network
from simulators.single_cell_noise import DEMONSTRATION, FULL_LENGTH, SHALLOW, TEN_X

DATA = Path(__file__).resolve().parents[2] / "shared" / "data"  # beside the repository, if at all
N, D = 60, 6


@pytest.fixture(autouse=True, scope="module")
def quick():
    """The same cells, compiled faster."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sergio, "_counts", quick_jit(sergio._counts.__wrapped__, static_argnums=3))
        yield


@pytest.fixture
def network(tmp_path) -> Path:
    """A ring of activations with repressing spokes; g0 -| g1 in both directions of the alphabet."""
    lines = [f"g{k}\tg{k + 1}\t-" for k in range(9)] + [f"g0\tg{k}\t+" for k in range(3, 9)]
    file = tmp_path / "net.tsv"
    file.write_text("\n".join(lines) + "\n")
    return file


def test_names_and_needs(network):
    for step, needed in (("", False), ("-ood-graph", True), ("-ood", True)):
        benchmark = BENCHMARKS[f"avici-gene{step}-interventional"]
        assert benchmark.needs_network == needed and benchmark.interventional
        with pytest.raises(NetworkError, match="network"):
            draw_table(benchmark, N, D, 0, 0, () if needed else (network,))


def test_counts_and_knock_outs():
    plain = [draw_table(BENCHMARKS["avici-gene"], N, D, 0, k) for k in range(3)]
    for table in plain:
        assert (table.values_nd >= 0).all() and (table.values_nd % 1 == 0).all()
        assert not table.intervened_nd.any() and np.isfinite(table.values_nd).all()
    for k in range(3):
        table = draw_table(BENCHMARKS["avici-gene-interventional"], N, D, 0, k)
        assert (table.intervened_nd[: N // 2] == 0).all()
        assert (table.intervened_nd.sum(0) == 5).all()
        assert (table.values_nd[table.intervened_nd] == 0).all()
        assert table.values_nd[~table.intervened_nd].max() > 0
    again = draw_table(BENCHMARKS["avici-gene"], N, D, 0, 1)
    np.testing.assert_array_equal(again.values_nd, plain[1].values_nd)


def test_constants_of_the_steps():
    rng = np.random.default_rng(0)
    seen = {"decay": set(), "noise": set(), "hill": set()}
    basal, strength = [], []
    for _ in range(60):
        graph, signs = sergio.synthetic(rng, 20)
        assert not np.tril(graph).any() and not signs.any()
        made = sergio.regulation_of(rng, sergio.domain_of(""), graph, signs)
        for name, found in seen.items():
            found.add(round(float(getattr(made, f"{name}_d")[0]), 4))
        roots = np.asarray(made.basal_td)[:, ~graph.any(0)]
        assert roots.shape[0] == 5 and (np.asarray(made.basal_td)[:, graph.any(0)] == 0).all()
        assert ((np.asarray(made.strength_dd) != 0) == graph).all()
        basal += roots.ravel().tolist()
        strength += np.abs(np.asarray(made.strength_dd)[graph]).tolist()
    assert seen == {"decay": {0.7, 0.8, 0.9}, "noise": {0.9, 1.0, 1.1}, "hill": {1.9, 2.0, 2.1}}
    assert 1 <= min(basal) < 1.05 and 2.95 < max(basal) <= 3 and abs(np.mean(basal) - 2) < 0.05
    assert 1 <= min(strength) < 1.05 and 4.95 < max(strength) <= 5
    assert abs(np.mean(strength) - 3) < 0.1

    domain = sergio.domain_of("-ood")
    assert (domain.types, domain.decay, domain.hill) == (10, (0.5, 1.5), (1.5, 2.5))
    assert domain.noise == (0.5, 1.5)
    assert set(domain.solver.platforms) == {DEMONSTRATION, FULL_LENGTH, SHALLOW}
    assert sergio.domain_of("-ood-graph") == sergio.domain_of("")
    assert sergio.domain_of("-ood-graph-function").solver.platforms == (TEN_X,)


def test_parts_of_a_network_keep_direction_and_signs(network):
    for k in range(20):
        graph, signs = sergio.subnetwork(np.random.default_rng(k), 7, (network,))
        assert graph.shape == (7, 7) and graph.any() and not np.tril(graph).any()
        assert ((signs != 0) == graph).all()
        # The chain represses from one to the next, the hub activates; nobody else does.
        activators = (signs > 0).any(1)
        assert activators.sum() <= 1
        rng = np.random.default_rng(k)
        made = sergio.regulation_of(rng, sergio.domain_of(""), graph, signs)
        assert (np.sign(np.asarray(made.strength_dd)) == signs).all()


def test_unusable_networks_are_named(network, tmp_path):
    benchmark = BENCHMARKS["avici-gene-ood-graph"]
    with pytest.raises(EdgeListError, match="fewer than the 40 asked for"):
        draw_table(benchmark, N, 40, 0, 0, (network,))
    with pytest.raises(EdgeListError, match="there is no file"):
        draw_table(benchmark, N, D, 0, 0, (tmp_path / "none.tsv",))


def test_a_dataset_on_a_network_of_the_user(network):
    table = draw_table(BENCHMARKS["avici-gene-ood"], N, D, 0, 0, (network,))
    assert table.values_nd.shape == (N, D) and table.graph_dd.any()


@pytest.mark.skipif(not DATA.is_dir(), reason="the published networks are not here")
def test_the_published_networks_are_read():
    for name, signed in (("ecoli_regulondb_6_7.tsv", True), ("yeast_balaji_2006.tsv", False)):
        edges = set(read_network(DATA / name).edges())
        graph, signs = sergio.subnetwork(np.random.default_rng(0), 100, (DATA / name,))
        assert len(edges) > 3000 and 90 < graph.sum() < 1000
        assert signs.any() == signed


def test_the_key_decides_the_cells():
    graph, signs = sergio.synthetic(np.random.default_rng(0), D)
    made = sergio.regulation_of(np.random.default_rng(0), sergio.domain_of(""), graph, signs)
    config, allowed = sergio.domain_of("").solver, np.ones((N, D), np.float32)
    a, b = (np.asarray(sergio._counts(jax.random.key(k), made, allowed, config)) for k in (0, 1))
    assert (a != b).any()
