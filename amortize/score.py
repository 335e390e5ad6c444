"""All metrics of one answer against one true graph, and the reasons of those it cannot have."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amortize import metrics
from amortize.distances import causal_distances
from amortize.equivalence import NotDefined, cpdag_of


def score(
    graph_dd: NDArray,
    scores_dd: NDArray | None,
    truth_dd: NDArray,
    kind: str,
    probabilistic: bool = False,
) -> dict[str, Any]:
    """The metrics by name, and under `undefined` the reason of each that is NaN for one.

    Args:
        graph_dd: the answer, g[i, j] for i -> j, undirected edges in both directions.
        scores_dd: what ranks the ordered pairs; None: the oriented graph itself.
        truth_dd: the true graph.
        kind: what the answer is: "dag", "cpdag" or "skeleton".
        probabilistic: whether the scores are probabilities.

    Undirected edges are first oriented in the method's favour; `helped` counts the edges whose
    direction the truth gave so. `strict_f1` and `strict_shd` give no help; `class_f1` gives all the
    same help, and `cpdag_shd` compares what observational data can tell: both sides as CPDAGs.
    """
    graph = np.asarray(graph_dd) != 0
    truth = np.asarray(truth_dd).astype(bool)
    oriented = metrics.orient_in_favour(graph, truth)
    ranking = oriented if scores_dd is None else scores_dd
    strict = metrics.edge_scores(graph, truth)
    nan = float("nan")
    found: dict[str, Any] = {
        "auroc": metrics.auroc(ranking, truth),
        "auprc": metrics.average_precision(ranking, truth),
        **metrics.edge_scores(oriented, truth)._asdict(),
        # Help would make it 1 for whoever claims no direction.
        "orientation": nan if kind == "skeleton" else strict.orientation,
        "direction": nan if kind == "skeleton" else metrics.direction(ranking, truth),
        "helped": int((graph & graph.T & truth).sum()),
        "strict_f1": strict.f1,
        "strict_shd": strict.shd,
    }
    if probabilistic and scores_dd is not None:
        found["log_probability"] = metrics.log_probability(scores_dd, truth)
        found["brier"] = metrics.brier(scores_dd, truth)
        found["expected_shd"] = metrics.expected_shd(scores_dd, truth)
        found["expected_f1"] = metrics.expected_f1(scores_dd, truth)
    distances, undefined = causal_distances(graph, truth, kind)
    found["class_f1"] = class_f1(graph, truth, kind)
    try:
        found["cpdag_shd"] = metrics.shd(class_of(graph, kind), cpdag_of(truth))
    except (NotDefined, ImportError) as error:
        found["cpdag_shd"] = nan
        undefined["cpdag_shd"] = str(error)
    return {**found, **distances, "undefined": undefined}


def class_f1(graph_dd: NDArray, truth_dd: NDArray, kind: str) -> float:
    """F1 of directed edges when every method claims no more than a CPDAG and gets the same help.

    A DAG is reduced to its equivalence class, and undirected edges are oriented as the truth has
    them: for a method that returns CPDAGs the usual F1. NaN for a DAG with a cycle, or without the
    package ges.
    """
    truth = np.asarray(truth_dd).astype(bool)
    try:
        claimed = class_of(graph_dd, kind)
    except (NotDefined, ImportError):
        return float("nan")
    return metrics.edge_scores(metrics.orient_in_favour(claimed, truth), truth).f1


def class_of(graph_dd: NDArray, kind: str) -> NDArray[np.bool_]:
    """The answer as a partially directed graph: a DAG's CPDAG, anything else as it came."""
    return cpdag_of(graph_dd) if kind == "dag" else np.asarray(graph_dd).astype(bool)
