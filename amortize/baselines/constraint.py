"""Searches by tests of conditional independence: PC and FCI as causal-learn has them (MIT)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import from_causallearn, from_pag
from amortize.baselines.method import Method
from amortize.baselines.question import FORBIDDEN, REQUIRED, UNKNOWN, Answer, Question

ALPHA = 0.05  # the library's default


def pc(question: Question) -> Answer:
    """PC, stable variant, Fisher's z test (on the rows complete in the tested columns)."""
    return _pc(question, fisher_z(question))


def pc_rcit(question: Question) -> Answer:
    """PC, stable variant, randomised conditional independence test (kernels, nonlinear)."""
    return _pc(question, "rcit")


def fci(question: Question) -> Answer:
    """FCI, which allows for latent common causes, with Fisher's z test."""
    from causallearn.search.ConstraintBased.FCI import fci as run

    found: Any = run(
        question.with_gaps(),
        fisher_z(question),
        ALPHA,
        show_progress=False,
        background_knowledge=background(question.knowledge_dd),
    )
    possible, confounded = from_pag(found[0].graph)
    return Answer(possible, confounded_dd=confounded)


def _pc(question: Question, test: str) -> Answer:
    from causallearn.search.ConstraintBased.PC import pc as run

    found = run(
        question.with_gaps(),
        ALPHA,
        test,
        show_progress=False,
        background_knowledge=background(question.knowledge_dd),
    )
    return Answer(from_causallearn(found.G.graph))


def fisher_z(question: Question) -> str:
    """The library's name of the test; tables with gaps need the test-wise deletion variant."""
    return "fisherz" if question.observed_nd.all() else "mv_fisherz"


def background(knowledge_dd: NDArray[np.int8]) -> Any:
    """causal-learn's BackgroundKnowledge, None where nothing is known.

    The library names its nodes X1, X2, ... in column order and compares nodes by name.
    """
    if (knowledge_dd == UNKNOWN).all():
        return None
    from causallearn.graph.GraphNode import GraphNode
    from causallearn.utils.PCUtils.BackgroundKnowledge import BackgroundKnowledge

    nodes = [GraphNode(f"X{i + 1}") for i in range(len(knowledge_dd))]
    known = BackgroundKnowledge()
    for i, j in np.argwhere(knowledge_dd == FORBIDDEN):
        known.add_forbidden_by_node(nodes[i], nodes[j])
    for i, j in np.argwhere(knowledge_dd == REQUIRED):
        known.add_required_by_node(nodes[i], nodes[j])
    return known


CONSTRAINT = (
    Method(
        "pc",
        "cpdag",
        pc,
        "Spirtes, Glymour & Scheines 2000; stable: Colombo & Maathuis 2014",
        "causal-learn",
        {"test": "fisherz", "alpha": ALPHA},
        uses=("values", "missing", "knowledge"),
        modules=("causallearn.search.ConstraintBased.PC",),
    ),
    Method(
        "pc-rcit",
        "cpdag",
        pc_rcit,
        "Strobl, Zhang & Visweswaran 2019 (RCIT); Spirtes, Glymour & Scheines 2000",
        "causal-learn",
        {"test": "rcit", "alpha": ALPHA},
        uses=("values", "knowledge"),
        modules=("causallearn.search.ConstraintBased.PC",),
    ),
    Method(
        "fci",
        "pag",
        fci,
        "Spirtes, Meek & Richardson 1995; Zhang 2008",
        "causal-learn",
        {"test": "fisherz", "alpha": ALPHA},
        uses=("values", "missing", "knowledge"),
        confounded=True,
        modules=("causallearn.search.ConstraintBased.FCI",),
    ),
)
