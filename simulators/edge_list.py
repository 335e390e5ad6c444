"""Subgraphs of networks that a user names: read, cut out and made acyclic on the host.

The jitted prior indexes a bank of such subgraphs; nothing here runs on the accelerator but
`subgraph_of`.
"""

from __future__ import annotations

import csv
import json
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
from jax import Array

from simulators import draw
from simulators.checks import PriorError

BANK_SIZE = 512  # subgraphs drawn once per network and d; the prior then draws among them
TOP_SHARE = 0.2  # of the neighbours, by modularity (AVICI's value for Marbach et al. 2009)

# First lines of edge lists that name columns rather than variables.
_HEADERS = {
    ("source", "target"),
    ("from", "to"),
    ("cause", "effect"),
    ("parent", "child"),
    ("regulator", "target"),
    ("tf", "target"),
    ("node1", "node2"),
}


# What the readers, networkx's above all, raise on a file of another format.
_UNREADABLE = (
    AttributeError,
    LookupError,
    OSError,
    SyntaxError,
    TypeError,
    ValueError,
    nx.NetworkXException,
)


class EdgeListError(PriorError):
    """A network that cannot be used; the message names the file and what to do."""


class Bank(NamedTuple):
    """Subgraphs of d variables: b graphs, bits packed along the last axis."""

    packed_bdk: np.ndarray  # uint8, rows in topological order
    added_bd: np.ndarray  # int32, when the neighbourhood expansion reached the variable
    d: int


def read_network(file: str | Path) -> nx.DiGraph:
    """The network of a file, without self-loops; an undirected edge becomes one each way.

    By extension: graphml, gml, gexf, net or pajek, adjlist, edgelist (space-separated) and json
    (node-link) through networkx; everything else is an edge list of two columns, cause and
    effect, separated by tabs, commas or semicolons. Further columns and lines starting with "#"
    are ignored, and so is a first line that names the columns (source,target and the like).

    Raises:
        EdgeListError: there is no such file, it cannot be read as its format, or has no edges.
    """
    path = Path(file)
    if not path.is_file():
        raise EdgeListError(f"prior.edge_lists: there is no file {str(path)!r}")
    extension = path.suffix.lower().removeprefix(".")
    try:
        found = _READERS.get(extension, _read_columns)(path)
    except _UNREADABLE as error:
        reason = " ".join(str(error).split())
        known = extension if extension in _READERS else "tsv or csv"
        raise EdgeListError(
            f"prior.edge_lists: {str(path)!r} cannot be read as {known} ({reason})"
        ) from error
    network = nx.DiGraph()
    for cause, effect in found.edges():
        if cause != effect:
            network.add_edge(str(cause), str(effect))
            if not found.is_directed():
                network.add_edge(str(effect), str(cause))
    if not network.number_of_edges():
        raise EdgeListError(f"prior.edge_lists: {str(path)!r} has no edges between two variables")
    return network


def _read_columns(path: Path) -> nx.DiGraph:
    lines = path.read_text(encoding="utf-8-sig").splitlines()
    lines = [line for line in lines if line.strip() and not line.startswith("#")]
    network = nx.DiGraph()
    if not lines:
        return network
    separator = next((s for s in "\t,;" if s in lines[0]), "\t")
    rows = [[c.strip() for c in row] for row in csv.reader(lines, delimiter=separator)]
    if tuple(c.lower() for c in rows[0][:2]) in _HEADERS:
        del rows[0]
    for row in rows:
        if len(row) < 2 or not row[0] or not row[1]:
            raise ValueError(f"{separator.join(row)!r} is not cause, separator, effect")
        network.add_edge(row[0], row[1])
    return network


def _read_json(path: Path) -> nx.Graph:
    data = json.loads(path.read_text(encoding="utf-8"))
    if not isinstance(data, dict):
        raise ValueError("not a node-link object")
    return nx.node_link_graph(data, edges="links" if "links" in data else "edges")


def _read_gml(path: Path) -> nx.Graph:
    try:
        return nx.read_gml(path)
    except nx.NetworkXError:  # most often nodes without labels
        return nx.read_gml(path, label="id")


_READERS = {
    "graphml": nx.read_graphml,
    "gml": _read_gml,
    "gexf": nx.read_gexf,
    "net": nx.read_pajek,
    "pajek": nx.read_pajek,
    "adjlist": lambda path: nx.read_adjlist(path, create_using=nx.DiGraph),
    "edgelist": lambda path: nx.read_edgelist(path, create_using=nx.DiGraph),
    "json": _read_json,
}


class Skeleton:
    """A network with what the neighbourhood expansion needs, computed once."""

    def __init__(self, network: nx.DiGraph) -> None:
        self.network = network
        self.names = list(network)
        place = {name: k for k, name in enumerate(self.names)}
        undirected = network.to_undirected()
        self.neighbours = [np.array([place[j] for j in undirected[i]], int) for i in self.names]
        self.degrees = np.array([len(near) for near in self.neighbours], float)
        self.causes = np.array([place[name] for name in self.names if network.out_degree(name)])

    def expand(self, d: int, rng: np.random.Generator) -> list[str]:
        """Names of d variables in the order in which the expansion reaches them.

        Module extraction of Marbach et al. (2009), as in AVICI: the seed is a random variable
        with an effect; each step adds, evenly drawn, one of the best fifth of the neighbours, by
        the modularity of the skeleton split into the subgraph and the rest. Where there are no
        neighbours left, any variable may be next.
        """
        doubled_edges = self.degrees.sum()
        links = np.zeros(len(self.names))  # to the subgraph
        free = np.ones(len(self.names), bool)
        chosen: list[int] = [int(rng.choice(self.causes))]
        while True:
            new = chosen[-1]
            free[new] = False
            links[self.neighbours[new]] += 1
            if len(chosen) == d:
                return [self.names[k] for k in chosen]
            frontier = np.flatnonzero(free & (links > 0))
            if not len(frontier):
                frontier = np.flatnonzero(free)
            # What moving a variable into the subgraph adds to the modularity, up to a factor.
            degrees = self.degrees[frontier]
            inside = self.degrees[chosen].sum()
            gain = links[frontier] - degrees * (inside + degrees / 2) / doubled_edges
            best = np.argsort(-gain, kind="stable")[: int(TOP_SHARE * len(frontier)) + 1]
            chosen.append(int(frontier[rng.choice(best)]))


def acyclic(network: nx.DiGraph, rng: np.random.Generator) -> nx.DiGraph:
    """The network without cycles: edges on no cycle stay, the others are tried in random order.

    Within every strongly connected component, an edge is left out when it would close a cycle
    with those already there, so no edge goes without need, and of two opposite edges (undirected
    ones, as read) one stays.
    """
    kept = network.copy()
    for component in nx.strongly_connected_components(network):
        if len(component) == 1:
            continue
        place = {name: k for k, name in enumerate(sorted(component))}
        edges = sorted(network.subgraph(component).edges())
        reaches = np.eye(len(place), dtype=bool)
        for k in rng.permutation(len(edges)):
            cause, effect = (place[name] for name in edges[k])
            if reaches[effect, cause]:
                kept.remove_edge(*edges[k])
            elif not reaches[cause, effect]:
                reaches |= reaches[:, cause, None] & reaches[effect]
    return kept


def sample_subgraph(skeleton: Skeleton, d: int, rng: np.random.Generator) -> nx.DiGraph:
    """An acyclic subgraph of d variables; nodes in topological order, with attribute `added`."""
    names = skeleton.expand(d, rng)
    cut = acyclic(skeleton.network.subgraph(names), rng)
    subgraph = nx.DiGraph()
    added = {name: k for k, name in enumerate(names)}
    for name in nx.lexicographical_topological_sort(cut, key=added.__getitem__):
        subgraph.add_node(name, added=added[name])
    subgraph.add_edges_from(cut.edges())
    return subgraph


@lru_cache(maxsize=16)
def load_bank(files: tuple[str, ...], d: int, count: int = BANK_SIZE, seed: int = 0) -> Bank:
    """`count` subgraphs of d variables from each file; the same arguments give the same bank.

    Raises:
        EdgeListError: a file cannot be used, or its network has fewer than d variables.
    """
    packed, added = [], []
    for position, file in enumerate(files):
        skeleton = Skeleton(read_network(file))
        if len(skeleton.names) < d:
            found = f"{len(skeleton.names)} variables with edges, fewer than the {d} asked for"
            raise EdgeListError(f"prior.edge_lists: {file!r} has {found}")
        rng = np.random.default_rng((seed, position, d))
        for _ in range(count):
            subgraph = sample_subgraph(skeleton, d, rng)
            packed.append(np.packbits(nx.to_numpy_array(subgraph).astype(np.uint8), axis=1))
            added.append([subgraph.nodes[name]["added"] for name in subgraph])
    return Bank(np.stack(packed), np.array(added, np.int32), d)


def subgraph_of(key: Array, bank: Bank, active: Array) -> Array:
    """One of the bank's graphs [d, d] bool, cut to the `active` variables reached first."""
    u = draw.unit(jax.random.split(key)[0], (2, bank.d))[0, 0]  # a draw that `topologies` shares
    b = jnp.floor(u * len(bank.packed_bdk)).astype(jnp.int32)
    g_dd = jnp.unpackbits(jnp.asarray(bank.packed_bdk)[b], axis=1, count=bank.d).astype(bool)
    stays_d = jnp.asarray(bank.added_bd)[b] < active
    place_d = jnp.argsort(~stays_d, stable=True)  # keeps the topological order
    return (g_dd & stays_d[:, None] & stays_d[None, :])[place_d][:, place_d]
