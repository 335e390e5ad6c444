"""Where the variables of an acyclic graph are drawn: in layers, each cause before its effects.

The method of Sugiyama, Tagawa and Toda (IEEE Trans. Syst. Man Cybern. 11, 1981): layers, bends
where an edge crosses a layer, order by the mean of the neighbours, then offsets within a layer.
"""

from collections.abc import Hashable
from dataclasses import dataclass, field
from itertools import pairwise
from math import ceil

import networkx as nx
import numpy as np

Spot = tuple[int, float]  # layer, offset within the layer in boxes
Edge = tuple[str, str]

WIDEST = 24  # boxes in a layer; a larger layer takes several
MOST_BENDS = 400  # above that many, edges run straight
BEND = 0.5  # room for a bend, in boxes
SWEEPS = 12


@dataclass(frozen=True)
class Layout:
    """Abstract places; whoever draws chooses the scale and whether layers run across or down.

    Attributes:
        places: the spot of every variable that has an edge.
        loose: the variables without an edge, in the graph's order.
        bends: for edges that cross a layer, the spots they pass, from cause to effect.
        layers: number of layers.
        breadth: extent of the widest layer, in boxes.
    """

    places: dict[str, Spot] = field(default_factory=dict)
    loose: list[str] = field(default_factory=list)
    bends: dict[Edge, list[Spot]] = field(default_factory=dict)
    layers: int = 0
    breadth: float = 0.0


def layered(dag: nx.DiGraph) -> Layout:
    """The layout of an acyclic graph with any names."""
    loose = [name for name in dag.nodes if dag.degree(name) == 0]
    drawn = dag.subgraph([name for name in dag.nodes if dag.degree(name) > 0])
    if not drawn:
        return Layout(loose=loose)
    level = _levels(drawn)
    chains = {edge: _chain(edge, level) for edge in drawn.edges}
    if sum(map(len, chains.values())) - 2 * len(chains) > MOST_BENDS:
        chains = {edge: [*edge] for edge in drawn.edges}
    net = nx.Graph()
    net.add_nodes_from((name, {"layer": level[name]}) for name in drawn.nodes)
    for chain in chains.values():
        net.add_nodes_from((bend, {"layer": bend[2]}) for bend in chain[1:-1])
        nx.add_path(net, chain)
    layers: list[list[Hashable]] = [[] for _ in range(max(level.values()) + 1)]
    for node in net.nodes:
        layers[net.nodes[node]["layer"]].append(node)
    offset = _offsets(net, layers)
    low = min(offset.values())
    spot = {node: (net.nodes[node]["layer"], round(y - low, 2)) for node, y in offset.items()}
    return Layout(
        places={name: spot[name] for name in drawn.nodes},
        loose=loose,
        bends={edge: [spot[n] for n in chain[1:-1]] for edge, chain in chains.items() if chain[2:]},
        layers=len(layers),
        breadth=max(y for _, y in spot.values()) + 1,
    )


def _levels(dag: nx.DiGraph) -> dict[str, int]:
    """A layer for every node: below its causes, and a node without causes next to its effects."""
    level = {
        name: number
        for number, names in enumerate(nx.topological_generations(dag))
        for name in names
    }
    for name in dag.nodes:
        if dag.in_degree(name) == 0:
            level[name] = min(level[effect] for effect in dag.successors(name)) - 1
    crowds: dict[int, list[str]] = {}
    for name, number in level.items():
        crowds.setdefault(number, []).append(name)
    final, start = {}, 0
    for _, names in sorted(crowds.items()):
        parts = ceil(len(names) / WIDEST)
        for place, name in enumerate(names):
            final[name] = start + place * parts // len(names)
        start += parts
    return final


def _chain(edge: Edge, level: dict[str, int]) -> list:
    """The edge's cause, a bend (cause, effect, layer) per layer between, and its effect."""
    cause, effect = edge
    return [cause, *((*edge, n) for n in range(level[cause] + 1, level[effect])), effect]


def _offsets(net: nx.Graph, layers: list[list[Hashable]]) -> dict[Hashable, float]:
    """An offset for every node, so that neighbours are near and nothing overlaps in a layer."""
    offset = {node: float(place) for layer in layers for place, node in enumerate(layer)}
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        for number in range(len(layers)) if forward else reversed(range(len(layers))):
            wish = {}
            for node in layers[number]:
                before = {n: net.nodes[n]["layer"] < number for n in net.neighbors(node)}
                near = [
                    offset[other] for other, is_before in before.items() if is_before == forward
                ]
                wish[node] = float(np.mean(near)) if near else offset[node]
            layers[number].sort(key=lambda node: wish[node])
            offset.update(_spread(layers[number], wish))
    for layer in layers:  # at last by the neighbours on both sides
        wish = {n: float(np.mean([offset[other] for other in net.neighbors(n)])) for n in layer}
        offset.update(_spread(layer, wish))
    return offset


def _spread(layer: list[Hashable], wish: dict[Hashable, float]) -> dict[Hashable, float]:
    """The offsets nearest to the wishes (least squares) that keep the order and the room: pooling
    of adjacent violators.
    """
    room = [BEND if isinstance(node, tuple) else 1.0 for node in layer]
    gaps = np.cumsum([0.0, *((a + b) / 2 for a, b in pairwise(room))])
    pools: list[tuple[float, int]] = []  # mean, size
    for node, gap in zip(layer, gaps, strict=True):
        pools.append((wish[node] - gap, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (a, m), (b, n) = pools[-2:]
            pools[-2:] = [((a * m + b * n) / (m + n), m + n)]
    level = np.repeat([mean for mean, _ in pools], [size for _, size in pools])
    return dict(zip(layer, (level + gaps).tolist(), strict=True))
