"""The answer: edge probabilities between named variables, and what can be asked of them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from difflib import get_close_matches
from html import escape
from pathlib import Path
from typing import Any, NamedTuple

import networkx as nx
import numpy as np

from amortize.column import Column
from amortize.errors import DataError, listing, quoted
from amortize.posterior import check_threshold, decode_dag, direction_uncertain, oriented

ASSUMPTIONS = (
    "The probabilities assume that no unmeasured variable causes two of the measured ones, that "
    "there are no feedback loops, and that the rows are independent draws from one system. "
    "They come from a network trained on simulated systems and can be wrong with confidence on "
    "data unlike those, so read an edge as a hypothesis to test and not as a finding."
)


class Edge(NamedTuple):
    """An adjacent pair of variables in its likelier direction."""

    cause: str
    effect: str
    probability: float  # P(cause -> effect)
    reverse_probability: float  # P(effect -> cause)
    direction: str  # "clear" or "uncertain"
    in_dag: bool  # False where the edge would have closed a cycle of likelier ones

    @property
    def adjacent_probability(self) -> float:
        """P(an edge in either direction)."""
        return self.probability + self.reverse_probability


class Comparison(NamedTuple):
    """The decoded graph against a true one; lists of (cause, effect) as the truth or, for
    `extra`, as the decoded graph has them.
    """

    correct: list[tuple[str, str]]
    reversed: list[tuple[str, str]]
    missing: list[tuple[str, str]]
    extra: list[tuple[str, str]]
    precision: float  # share of decoded edges that are right in place and direction
    recall: float  # share of true edges that are found in their direction
    f1: float
    shd: int  # structural Hamming distance; a reversed edge counts once


@dataclass(frozen=True)
class CausalGraph:
    """Edge probabilities [d, d]; [i, j] is the probability that i causes j directly.

    Attributes:
        probabilities: float [d, d], diagonal 0, probabilities[i, j] + probabilities[j, i] <= 1.
        names: d names.
        threshold: default probability from which a pair counts as adjacent.
        checkpoint: name of the network that answered.
        columns: report of every column of the input.
        warnings: sentences the user should read.
        run: what was run (rows, versions, seconds, ...), as JSON values.
        assumptions: two sentences that go into every output.
    """

    probabilities: np.ndarray
    names: list[str]
    threshold: float = 0.5
    checkpoint: str = ""
    columns: tuple[Column, ...] = ()
    warnings: tuple[str, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)
    assumptions: str = ASSUMPTIONS

    def edges(self, threshold: float | None = None) -> list[Edge]:
        """Adjacent pairs in their likelier direction, by decreasing probability.

        A pair is adjacent where P(i -> j) + P(j -> i) reaches the threshold.
        """
        threshold = self._threshold(threshold)
        p, dag = self.probabilities, decode_dag(self.probabilities, threshold)
        uncertain = direction_uncertain(p, threshold)
        found = [
            Edge(
                self.names[i],
                self.names[j],
                float(p[i, j]),
                float(p[j, i]),
                "uncertain" if uncertain[i, j] else "clear",
                bool(dag[i, j]),
            )
            for i, j in np.argwhere(oriented(p, threshold))
        ]
        return sorted(found, key=lambda edge: -edge.probability)

    def dag(self, threshold: float | None = None) -> nx.DiGraph:
        """The acyclic graph decoded from the probabilities, edges with their `probability`.

        Edges are added by decreasing probability; one that would close a cycle is left out.
        """
        p = self.probabilities
        graph = nx.DiGraph()
        graph.add_nodes_from(self.names)
        for i, j in np.argwhere(decode_dag(p, self._threshold(threshold))):
            graph.add_edge(
                self.names[i],
                self.names[j],
                probability=float(p[i, j]),
                reverse_probability=float(p[j, i]),
            )
        return graph

    def to_networkx(self, threshold: float | None = None) -> nx.DiGraph:
        """Every adjacent pair in its likelier direction, which may hold cycles (see `dag`)."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.names)
        for edge in self.edges(threshold):
            attributes = edge._asdict()
            graph.add_edge(attributes.pop("cause"), attributes.pop("effect"), **attributes)
        return graph

    def parents(self, name: str, threshold: float | None = None) -> list[str]:
        """The direct causes of a variable in the acyclic graph, likeliest first.

        Raises:
            DataError: no variable has that name.
        """
        if name not in self.names:
            near = get_close_matches(name, self.names, n=1)
            raise DataError(
                f"no variable is named {quoted(name)}; "
                + (f"did you mean {quoted(near[0])}?" if near else f"there are {self._known()}")
            )
        into = self.dag(threshold).in_edges(name, data="probability")
        return [cause for cause, _, _ in sorted(into, key=lambda edge: -edge[2])]

    def compare(self, truth: Any, threshold: float | None = None) -> Comparison:
        """The decoded acyclic graph against a true one.

        Args:
            truth: a networkx.DiGraph or (cause, effect) pairs over the same names, or a 0/1
                array [d, d] or square DataFrame in which row causes column.
            threshold: see `edges`.

        Raises:
            DataError: the truth is not over these variables.
        """
        true = self._pairs(truth)
        found = set(self.dag(threshold).edges)
        flipped = {(j, i) for i, j in found}
        both = sorted(true & found)
        turned = sorted((true & flipped) - found)
        missing = sorted(true - found - flipped)
        extra = sorted(found - true - {(j, i) for i, j in true})
        precision = len(both) / len(found) if found else float(not true)
        recall = len(both) / len(true) if true else 1.0
        f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
        shd = len(turned) + len(missing) + len(extra)
        return Comparison(both, turned, missing, extra, precision, recall, f1, shd)

    def save(self, directory: str | Path, force: bool = False) -> Path:
        """Write the tables, the graph files, the report and run.json; returns the directory.

        Nothing is left half written, and files of an earlier answer are kept without `force`.

        Raises:
            UsageError: the directory holds an answer already and `force` is False.
            DataError: the files cannot be written.
        """
        from amortize.folder import write_folder

        return write_folder(self, Path(directory), force)

    def __repr__(self) -> str:
        return f"CausalGraph({len(self.names)} variables, {len(self.edges())} edges)"

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><td>{escape(e.cause)}</td><td>{escape(e.effect)}</td><td>{e.probability:.2f}</td>"
            f"<td>{e.reverse_probability:.2f}</td><td>{e.direction}</td></tr>"
            for e in self.edges()
        )
        head = "<tr><th>cause<th>effect<th>probability<th>reverse<th>direction</tr>"
        return f"<table>{head}{rows}</table><p><small>{escape(self.assumptions)}</small></p>"

    def _threshold(self, threshold: float | None) -> float:
        return check_threshold(self.threshold if threshold is None else threshold)

    def _known(self) -> str:
        return listing(self.names, 8)

    def _pairs(self, truth: Any) -> set[tuple[str, str]]:
        if isinstance(truth, nx.Graph):
            if not truth.is_directed():
                raise DataError("the true graph is undirected; give a networkx.DiGraph")
            nodes, pairs = list(truth.nodes), list(truth.edges)
        elif hasattr(truth, "columns") and hasattr(truth, "index"):
            nodes = [str(name) for name in truth.columns]
            if [str(name) for name in truth.index] != nodes:
                raise DataError("the true matrix has different row and column names")
            pairs = [(nodes[i], nodes[j]) for i, j in np.argwhere(truth.to_numpy() != 0)]
        elif hasattr(truth, "shape"):
            if truth.shape != self.probabilities.shape:
                raise DataError(
                    f"the true matrix has shape {truth.shape}, the graph "
                    f"{self.probabilities.shape}; give one row and column per variable"
                )
            nodes = self.names
            pairs = [(nodes[i], nodes[j]) for i, j in np.argwhere(np.asarray(truth) != 0)]
        elif isinstance(truth, Iterable):
            pairs = [(cause, effect) for cause, effect in truth]
            nodes = [name for pair in pairs for name in pair]
        else:
            raise DataError("the truth is neither a DiGraph, a matrix nor a list of pairs")
        strange = [name for name in nodes if name not in self.names]
        if strange:
            raise DataError(
                f"the truth names {listing(strange)}, which the graph lacks; there are "
                f"{self._known()}"
            )
        return set(pairs)
