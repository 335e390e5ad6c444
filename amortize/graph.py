"""The answer: edge probabilities between named variables, and what can be asked of them."""

from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import networkx as nx
import numpy as np

from amortize.assumptions import ASSUMPTIONS
from amortize.column import Column
from amortize.comparison import Comparison, compare_pairs, read_truth
from amortize.errors import DataError, listing, quoted
from amortize.posterior import (
    Verdict,
    check_threshold,
    decode_dag,
    direction_uncertain,
    oriented,
    verdicts,
)

if TYPE_CHECKING:
    import pandas as pd
    from causallearn.graph.GeneralGraph import GeneralGraph  # pyright: ignore
    from dowhy.gcm import InvertibleStructuralCausalModel  # pyright: ignore


class Edge(NamedTuple):
    """An adjacent pair of variables in its likelier direction."""

    cause: str
    effect: str
    probability: float  # P(cause -> effect)
    reverse: float  # P(effect -> cause)
    direction: str  # "clear", or "uncertain": adjacent, direction not identifiable
    in_dag: bool  # False where the edge would have closed a cycle of likelier ones
    confounded: float | None = None  # P(an unmeasured common cause), where the network tells it
    stability: float | None = None  # see CausalGraph.stability

    @property
    def adjacent_probability(self) -> float:
        """P(an edge in either direction)."""
        return self.probability + self.reverse

    @property
    def note(self) -> str:
        """What a reader must know beside the numbers, or the empty string."""
        notes = ["adjacent, direction not identifiable"] if self.direction == "uncertain" else []
        notes += [] if self.in_dag else ["left out of the graph: closes a cycle"]
        return "; ".join(notes)


class ConfoundedPair(NamedTuple):
    """Two variables that probably share an unmeasured cause; an edge may stand beside it."""

    first: str
    second: str
    probability: float


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
        confounded: float [d, d], symmetric, diagonal 0: probability that an unmeasured variable
            causes both. None where the network does not tell.
        stability: float [d, d]: share of the subsets of rows in which i -> j was found again.
            None where it was not asked for.
    """

    probabilities: np.ndarray
    names: list[str]
    threshold: float = 0.5
    checkpoint: str = ""
    columns: tuple[Column, ...] = ()
    warnings: tuple[str, ...] = ()
    run: dict[str, Any] = field(default_factory=dict)
    assumptions: str = ASSUMPTIONS
    confounded: np.ndarray | None = None
    stability: np.ndarray | None = None

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
                None if self.confounded is None else float(self.confounded[i, j]),
                None if self.stability is None else float(self.stability[i, j]),
            )
            for i, j in np.argwhere(oriented(p, threshold))
        ]
        return sorted(found, key=lambda edge: -edge.probability)

    def confounded_pairs(self, threshold: float | None = None) -> list[ConfoundedPair]:
        """Pairs that share an unmeasured cause with at least that probability, likeliest first.

        Empty where the network does not tell (`confounded` is None).
        """
        threshold = self._threshold(threshold)
        if self.confounded is None:
            return []
        found = [
            ConfoundedPair(self.names[i], self.names[j], float(self.confounded[i, j]))
            for i, j in np.argwhere(np.triu(self.confounded >= threshold, k=1))
        ]
        return sorted(found, key=lambda pair: -pair.probability)

    def verdict(self, first: str, second: str, threshold: float | None = None) -> Verdict:
        """What is said of a pair of variables: `first` ... `second` (see `posterior.verdicts`).

        Raises:
            DataError: no variable has that name.
        """
        i, j = (self.names.index(self._checked(name)) for name in (first, second))
        return verdicts(self.probabilities, self._threshold(threshold), self.confounded)[i, j]

    def dag(self, threshold: float | None = None) -> nx.DiGraph:
        """The acyclic graph decoded from the probabilities, edges with the fields of `Edge`.

        Edges are added by decreasing probability; one that would close a cycle is left out.
        """
        graph = self.to_networkx(threshold)
        graph.remove_edges_from([(i, j) for i, j, kept in graph.edges.data("in_dag") if not kept])
        return graph

    def to_networkx(self, threshold: float | None = None) -> nx.DiGraph:
        """Every adjacent pair in its likelier direction, which may hold cycles (see `dag`)."""
        graph = nx.DiGraph()
        graph.add_nodes_from(self.names)
        for edge in self.edges(threshold):
            told = {key: value for key, value in edge._asdict().items() if value is not None}
            graph.add_edge(told.pop("cause"), told.pop("effect"), **told)
        return graph

    def to_dowhy(
        self, data: "pd.DataFrame | None" = None, threshold: float | None = None
    ) -> "InvertibleStructuralCausalModel":
        """A structural causal model of dowhy.gcm over `dag`, ready for `dowhy.gcm.fit`.

        See `amortize.converters.to_dowhy`. Needs the extra `interop`.
        """
        from amortize.converters import to_dowhy

        return to_dowhy(self.dag(threshold), data)

    def to_causallearn(self, threshold: float | None = None) -> "GeneralGraph":
        """The adjacent pairs as a causal-learn graph, undirected where the direction is uncertain.

        See `amortize.converters.to_causallearn`. Needs the extra `baselines`.
        """
        from amortize.converters import to_causallearn

        return to_causallearn(self.names, self.edges(threshold), self.confounded_pairs(threshold))

    def to_dot(self, threshold: float | None = None) -> str:
        """The graph in Graphviz's language, undirected where the direction is uncertain."""
        from amortize.converters import to_dot

        return to_dot(self.names, self.edges(threshold), self.confounded_pairs(threshold))

    def save_figure(self, path: str | Path, threshold: float | None = None) -> Path:
        """A still picture for a paper: PNG, SVG or PDF. Needs the extra `plot`.

        Raises:
            UsageError: another suffix, or matplotlib is not installed.
            DataError: the file cannot be written.
        """
        from amortize.figure import save_figure

        return save_figure(self, path, threshold)

    def parents(self, name: str, threshold: float | None = None) -> list[str]:
        """The direct causes of a variable in the acyclic graph, likeliest first.

        Raises:
            DataError: no variable has that name.
        """
        into = self.dag(threshold).in_edges(self._checked(name), data="probability")
        return [cause for cause, _, _ in sorted(into, key=lambda edge: -edge[2])]

    def children(self, name: str, threshold: float | None = None) -> list[str]:
        """The direct effects of a variable in the acyclic graph, likeliest first.

        Raises:
            DataError: no variable has that name.
        """
        out = self.dag(threshold).out_edges(self._checked(name), data="probability")
        return [effect for _, effect, _ in sorted(out, key=lambda edge: -edge[2])]

    def compare(self, truth: Any, threshold: float | None = None) -> Comparison:
        """The decoded acyclic graph against a true one.

        Args:
            truth: a networkx.DiGraph or (cause, effect) pairs over the same names, or a 0/1
                array [d, d] or square DataFrame in which row causes column.
            threshold: see `edges`.

        Raises:
            DataError: the truth is not over these variables.
        """
        return compare_pairs(set(self.dag(threshold).edges), read_truth(truth, self.names))

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
        from amortize.notebook import render

        return render(self)

    def _threshold(self, threshold: float | None) -> float:
        return check_threshold(self.threshold if threshold is None else threshold)

    def _checked(self, name: str) -> str:
        if name in self.names:
            return name
        near = get_close_matches(name, self.names, n=1)
        hint = f"did you mean {quoted(near[0])}?" if near else f"there are {listing(self.names, 8)}"
        raise DataError(f"no variable is named {quoted(name)}; {hint}")
