"""A graph in the forms of other tools: Graphviz, dowhy, causal-learn.

The tools are imported when a conversion is asked for, and are not needed otherwise.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import networkx as nx

from amortize.errors import DataError, UsageError, listing

if TYPE_CHECKING:
    import pandas as pd
    from causallearn.graph.GeneralGraph import GeneralGraph  # pyright: ignore
    from dowhy.gcm import InvertibleStructuralCausalModel  # pyright: ignore

    from amortize.graph import ConfoundedPair, Edge


def to_dot(names: Sequence[str], edges: "Sequence[Edge]", pairs: "Sequence[ConfoundedPair]") -> str:
    """The graph in Graphviz's language (https://graphviz.org/doc/info/lang.html).

    A dashed line without an arrowhead is an edge whose direction is not identifiable, a dotted
    line with two heads an unmeasured common cause. Edges that would close a cycle are drawn, grey.
    """
    lines = ["digraph causes {", "  rankdir=LR;", "  node [shape=box, style=rounded];"]
    lines += [f"  {_dot_text(name)};" for name in names]
    for edge in edges:
        marks = [f'label="{edge.probability:.2f}"', f"probability={edge.probability:.6f}"]
        marks += ["dir=none", "style=dashed"] if edge.direction == "uncertain" else []
        marks += [] if edge.in_dag else ["color=grey", "constraint=false"]
        lines.append(f"  {_dot_text(edge.cause)} -> {_dot_text(edge.effect)} [{', '.join(marks)}];")
    lines += [
        f"  {_dot_text(pair.first)} -> {_dot_text(pair.second)} "
        f'[dir=both, style=dotted, constraint=false, label="{pair.probability:.2f}"];'
        for pair in pairs
    ]
    return "\n".join([*lines, "}"]) + "\n"


def _dot_text(name: str) -> str:
    """A quoted identifier. Graphviz reads a backslash in one as the start of an escape."""
    escaped = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def to_causallearn(
    names: Sequence[str], edges: "Sequence[Edge]", pairs: "Sequence[ConfoundedPair]"
) -> "GeneralGraph":
    """A causal-learn graph: i -> j directed, i - j where the direction is uncertain, and i <-> j
    for an unmeasured common cause (beside the edge where there is one).

    causal-learn marks endpoints: for i -> j, graph[j, i] = 1 (arrow at j) and graph[i, j] = -1
    (tail at i). Edges that would close a cycle are left out, as in `CausalGraph.dag`.

    Raises:
        UsageError: causal-learn is not installed.
    """
    try:
        from causallearn.graph.Edge import Edge as Mark  # pyright: ignore
        from causallearn.graph.Endpoint import Endpoint  # pyright: ignore
        from causallearn.graph.GeneralGraph import GeneralGraph  # pyright: ignore
        from causallearn.graph.GraphNode import GraphNode  # pyright: ignore
    except ImportError as error:
        raise UsageError(
            "to_causallearn needs causal-learn; run: pip install 'amortize[baselines]'"
        ) from error
    nodes = {name: GraphNode(name) for name in names}
    graph = GeneralGraph(list(nodes.values()))
    for edge in edges:
        if edge.in_dag:
            head = Endpoint.ARROW if edge.direction == "clear" else Endpoint.TAIL
            graph.add_edge(Mark(nodes[edge.cause], nodes[edge.effect], Endpoint.TAIL, head))
    for pair in pairs:
        ends = nodes[pair.first], nodes[pair.second]
        graph.add_edge(Mark(*ends, Endpoint.ARROW, Endpoint.ARROW))
    return graph


def to_dowhy(
    dag: nx.DiGraph, data: "pd.DataFrame | None" = None
) -> "InvertibleStructuralCausalModel":
    """A structural causal model of dowhy.gcm, ready for `dowhy.gcm.fit(model, data)`.

    With `data`, dowhy chooses a mechanism for each variable by cross-validation
    (`gcm.auto.assign_causal_mechanisms`). Without, causes that have none themselves get the
    empirical distribution, and every other variable gradient-boosted trees with additive noise.
    The model holds a copy of the graph.

    Raises:
        UsageError: dowhy is not installed.
        DataError: the data lack a variable of the graph.
    """
    try:
        from dowhy import gcm  # pyright: ignore
    except ImportError as error:
        raise UsageError("to_dowhy needs dowhy; run: pip install 'amortize[interop]'") from error
    model = gcm.InvertibleStructuralCausalModel(dag.copy())
    if data is not None:
        absent = [name for name in dag.nodes if name not in data.columns]
        if absent:
            raise DataError(f"the data have no column {listing(absent)}; give the table as it was")
        gcm.auto.assign_causal_mechanisms(model, data[list(dag.nodes)])
        return model
    for name in dag.nodes:
        trees = gcm.ml.create_hist_gradient_boost_regressor
        root = dag.in_degree(name) == 0
        model.set_causal_mechanism(
            name, gcm.EmpiricalDistribution() if root else gcm.AdditiveNoiseModel(trees())
        )
    return model
