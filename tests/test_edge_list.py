"""Networks from files: formats, errors, the neighbourhood expansion, cycles and the bank."""

import json

import jax
import networkx as nx
import numpy as np
import pytest
from scipy import stats
from worlds import quick_jit

from simulators.edge_list import (
    EdgeListError,
    Skeleton,
    acyclic,
    load_bank,
    read_network,
    sample_subgraph,
    subgraph_of,
)
from simulators.graphs import sample_graph
from simulators.prior import GraphWeights, Prior, PriorError

EDGES = {("a", "b"), ("b", "c"), ("c", "a"), ("a", "d")}
ONLY = GraphWeights(**{**dict.fromkeys(vars(GraphWeights()), 0.0), "edge_list": 1.0})


def feedback(size, edges, seed):
    """A random directed network with cycles and two-cycles, its variables named."""
    rng = np.random.default_rng(seed)
    network = nx.DiGraph()
    while network.number_of_edges() < edges:
        cause, effect = rng.integers(0, [size // 3, size])  # few regulators
        if cause != effect:
            network.add_edge(f"g{cause}", f"g{effect}")
    return network


@pytest.fixture
def network_file(tmp_path):
    path = tmp_path / "network.tsv"
    network = feedback(60, 150, 0)
    path.write_text("".join(f"{a}\t{b}\t+\n" for a, b in network.edges()))
    return str(path)


# Reading


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("net.tsv", "a\tb\t+\nb\tc\t-\nc\ta\t?\na\td\t+-\na\ta\t-\n"),
        ("net.csv", "# a comment\nSource,Target,Weight\na,b,1\nb, c ,2\n\nc,a,3\na,d,4\na,d,5\n"),
        ("net.txt", "\ufefffrom;to\na;b\nb;c\nc;a\na;d\n"),
        ("net.edgelist", "a b\nb c {}\nc a\na d\n"),
        ("net.adjlist", "a b d\nb c\nc a\n"),
    ],
)
def test_edge_lists_are_read(tmp_path, name, text):
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert set(read_network(path).edges()) == EDGES


@pytest.mark.parametrize("extension", ["graphml", "gml", "gexf", "net", "json", "links.json"])
def test_networkx_formats_are_read(tmp_path, extension):
    network, path = nx.DiGraph(sorted(EDGES)), tmp_path / f"net.{extension}"
    if extension.endswith("json"):
        key = "links" if "links" in extension else "edges"
        path.write_text(json.dumps(nx.node_link_data(network, edges=key)))
    elif extension == "net":
        nx.write_pajek(network, path)
    else:
        getattr(nx, f"write_{extension}")(network, path)
    assert set(read_network(path).edges()) == EDGES


def test_gml_nodes_need_no_labels(tmp_path):
    (tmp_path / "net.gml").write_text(
        "graph [ directed 1 node [ id 7 ] node [ id 8 ] edge [ source 7 target 8 ] ]"
    )
    assert set(read_network(tmp_path / "net.gml").edges()) == {("7", "8")}


def test_an_undirected_edge_goes_both_ways_and_is_oriented_evenly(tmp_path):
    nx.write_graphml(nx.path_graph(3), tmp_path / "net.graphml")
    network = read_network(tmp_path / "net.graphml")
    assert set(network.edges()) == {("0", "1"), ("1", "0"), ("1", "2"), ("2", "1")}
    rng, counts = np.random.default_rng(0), {}
    for _ in range(800):
        kept = tuple(sorted(acyclic(network, rng).edges()))
        counts[kept] = counts.get(kept, 0) + 1
    assert len(counts) == 4 and stats.chisquare(list(counts.values())).pvalue > 1e-4


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("no.tsv", None, "there is no file"),
        ("empty.tsv", "", "has no edges"),
        ("header.csv", "source,target\n", "has no edges"),
        ("self.tsv", "a\ta\n", "has no edges"),
        ("column.tsv", "a\nb\n", "cannot be read as tsv or csv"),
        ("hole.csv", "a,b\nc,\n", "'c,' is not cause"),
        ("bad.graphml", "<graphml", "cannot be read as graphml"),
        ("bad.gml", "graph [", "cannot be read as gml"),
        ("bad.json", "{", "cannot be read as json"),
        ("list.json", "[1, 2]", "cannot be read as json"),
        ("bytes.csv", b"\xff\xfe\x00\x81", "cannot be read as tsv or csv"),
    ],
)
def test_a_file_that_cannot_be_used_is_named_in_one_line(tmp_path, name, text, words):
    if text is not None:
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(EdgeListError) as found:
        load_bank((str(tmp_path / name),), 2)
    message = str(found.value)
    assert words in message and name in message and "prior.edge_lists" in message
    assert "\n" not in message and isinstance(found.value, PriorError)


def test_a_network_that_is_too_small_is_refused_before_anything_is_compiled(network_file):
    prior = Prior(graphs=ONLY, edge_lists=(network_file,))
    with pytest.raises(PriorError, match="fewer than the 80"):
        jax.eval_shape(lambda key: sample_graph(key, prior, 80, 80), jax.random.key(0))


def test_a_weight_without_a_file_is_refused():
    with pytest.raises(PriorError, match=r"name the networks' files in prior\.edge_lists"):
        Prior(graphs=ONLY)


# Cutting out


def test_only_edges_on_cycles_go_and_none_without_need():
    rng = np.random.default_rng(0)
    for seed in range(10):
        network = feedback(20, 60, seed)
        kept = acyclic(network, rng)
        assert nx.is_directed_acyclic_graph(kept) and set(kept) == set(network)
        assert set(kept.edges()) <= set(network.edges())
        for cause, effect in set(network.edges()) - set(kept.edges()):
            assert nx.has_path(network, effect, cause)  # it was on a cycle
            assert nx.has_path(kept, effect, cause)  # and would close one
    assert network.number_of_edges() == 60  # the argument is left alone


def test_the_expansion_adds_one_of_the_best_fifth_of_the_neighbours_by_modularity():
    network = feedback(30, 60, 3)
    plain = network.to_undirected()
    skeleton, rng, steps = Skeleton(network), np.random.default_rng(1), 0
    for _ in range(15):
        order = skeleton.expand(9, rng)
        assert len(set(order)) == 9 and network.out_degree(order[0]) > 0
        for k in range(1, 9):
            inside = set(order[:k])
            frontier = {j for i in inside for j in plain[i]} - inside
            split = {
                j: nx.community.modularity(plain, [inside | {j}, set(plain) - inside - {j}])
                for j in frontier
            }
            ranked = sorted(split.values(), reverse=True)
            assert split[order[k]] >= ranked[int(0.2 * len(ranked))] - 1e-9
            steps += len(ranked) >= 5
    assert steps > 50  # the choice was a real one


def test_an_island_is_left_for_another():
    network = nx.DiGraph([("a", "b"), ("c", "d"), ("e", "f")])
    rng = np.random.default_rng(2)
    for _ in range(20):
        order = Skeleton(network).expand(6, rng)
        assert sorted(order) == list("abcdef")


def test_a_subgraph_has_all_edges_of_the_network_that_are_on_no_cycle():
    network, rng = feedback(60, 150, 4), np.random.default_rng(3)
    skeleton = Skeleton(network)
    for _ in range(10):
        subgraph = sample_subgraph(skeleton, 15, rng)
        induced = network.subgraph(subgraph)
        assert nx.is_weakly_connected(induced)
        place = {name: k for k, name in enumerate(subgraph)}
        assert all(place[a] < place[b] for a, b in subgraph.edges())
        missing = set(induced.edges()) - set(subgraph.edges())
        assert all(nx.has_path(induced, b, a) for a, b in missing)


# The bank


def test_the_bank_is_the_same_every_time_and_holds_the_subgraphs(network_file):
    bank = load_bank((network_file,), 12, 20, 5)
    again = load_bank.__wrapped__((network_file,), 12, 20, 5)
    other = load_bank((network_file,), 12, 20, 6)
    assert (bank.packed_bdk == again.packed_bdk).all()
    assert (bank.packed_bdk != other.packed_bdk).any()
    skeleton, rng = Skeleton(read_network(network_file)), np.random.default_rng((5, 0, 12))
    for packed, added in zip(bank.packed_bdk, bank.added_bd, strict=True):
        g = np.unpackbits(packed, axis=1, count=12)
        assert (g == nx.to_numpy_array(sample_subgraph(skeleton, 12, rng))).all()
        assert not np.tril(g).any() and sorted(added) == list(range(12))


def test_the_prior_draws_the_bank_evenly_and_cuts_it_to_the_variables_reached_first(network_file):
    bank = load_bank((network_file,), 12, 6, 0)
    keys = jax.random.split(jax.random.key(0), 600)
    program = quick_jit(jax.vmap(lambda key, active: subgraph_of(key, bank, active), (0, None)))
    for active in (12, 7, 1):
        right = np.zeros((6, 12, 12), bool)
        for b in range(6):
            g = np.unpackbits(bank.packed_bdk[b], axis=1, count=12).astype(bool)
            stays = bank.added_bd[b] < active
            right[b, :active, :active] = g[np.ix_(stays, stays)]
        found = np.asarray(program(keys, active))
        matches = (found[:, None] == right[None]).all((2, 3))
        assert matches.any(1).all()
        if active == 12:
            assert stats.chisquare(matches.sum(0)).pvalue > 1e-4


def test_a_prior_of_networks_samples_them(network_file):
    prior = Prior(graphs=ONLY, edge_lists=(network_file,))
    keys = jax.random.split(jax.random.key(1), 50)
    g = np.asarray(quick_jit(jax.vmap(lambda key: sample_graph(key, prior, 9, 9)))(keys))
    bank = load_bank((network_file,), 9)
    known = {np.unpackbits(packed, axis=1, count=9).tobytes() for packed in bank.packed_bdk}
    assert len(known) > 50 and all(one.astype(np.uint8).tobytes() in known for one in g)
