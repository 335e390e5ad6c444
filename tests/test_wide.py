"""What the wide prior puts in front of a network."""

import dataclasses

import jax
import networkx as nx
import numpy as np
import pytest

from amortize.config import from_dict, to_dict
from amortize.config import tiny as tiny_config
from simulators.graphs import sample_graph
from simulators.prior import Prior
from simulators.wide import wide

COUNT, D = 1500, 12


@pytest.fixture(scope="module")
def graphs() -> dict[int, np.ndarray]:
    """Graphs of 2 to 12 variables, from one program."""
    program = jax.jit(jax.vmap(lambda key, active: sample_graph(key, wide(), D, active), (0, None)))
    keys = jax.random.split(jax.random.key(2), COUNT)
    return {d: np.asarray(program(keys, d))[:, :d, :d] for d in (2, 3, 5, 8, D)}


def test_every_graph_is_acyclic(graphs):
    for d, many in graphs.items():
        assert not np.tril(many).any()
        for graph in many[:100]:
            assert nx.is_directed_acyclic_graph(nx.from_numpy_array(graph, create_using=nx.DiGraph))
        assert many.shape == (COUNT, d, d)


def test_small_graphs_are_not_too_dense_and_some_are_empty(graphs):
    for d, many in graphs.items():
        edges, most = many.sum((1, 2)), d * (d - 1) // 2
        density = edges.mean() / most
        assert 0.15 < density < 0.5, (d, density)
        assert 0.03 < (edges == 0).mean() < 0.65, d
        if d > 2:
            assert (edges == most).mean() < 0.15, d
    sparse = {d: (many.sum((1, 2)) / d < 0.5).mean() for d, many in graphs.items()}
    assert all(share > 0.1 for share in sparse.values()), sparse


def test_the_wide_prior_survives_json():
    config = dataclasses.replace(tiny_config(), prior=wide())
    assert from_dict(to_dict(config)) == config


def test_configs_written_before_a_field_existed_can_be_read():
    data = to_dict(tiny_config())
    for name in ("pure", "held_out", "density", "empty", "length_growth", "mixed_coupling"):
        del data["prior"][name]
    assert from_dict(data).prior == Prior(features=8)
