"""Searches by the linear-Gaussian BIC: GES, GIES, BOSS, GRaSP and exact search.

From causal-learn (MIT) and gies (BSD).
"""

from __future__ import annotations

import random
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import from_causallearn, from_weights
from amortize.baselines.method import Method
from amortize.baselines.question import FORBIDDEN, REQUIRED, Answer, Question

# Penalty per parameter in units of log n. The ordinary BIC has 0.5, which is the library's default
# for GES; its default for BOSS is 2. Of 0.5, 1 and 2, 1 gave both the best mean F1 over 20 datasets
# each of linear-gaussian, linear-laplace, rff-gaussian and rff-laplace (d=10, n=200, seed 777).
BIC_WEIGHT = 1.0
RESTARTS = 5
GRASP_DEPTH = 3  # the library's default
# A* searches the 2^d subsets of the variables.
EXACT_VARIABLES = 12

SCORE = "local_score_BIC_from_cov"
Search = Callable[[NDArray[np.float64]], NDArray[np.int8]]


def ges(question: Question) -> Answer:
    """Greedy equivalence search with the linear-Gaussian BIC."""
    from causallearn.search.ScoreBased.GES import ges as run

    found = run(question.values_nd, SCORE, lambda_value=BIC_WEIGHT)
    return Answer(from_causallearn(found["G"].graph))


def gies(question: Question) -> Answer:
    """Greedy interventional equivalence search; the rows of a set of targets are one regime.

    The score of a variable leaves out the rows in which it was set, which suits hard
    interventions. A variable that was set in every row is a ValueError of the library.
    """
    from gies import fit
    from gies.scores.gauss_int_l0_pen import GaussIntL0Pen

    tables, targets = regimes(question)
    penalty = BIC_WEIGHT * np.log(len(question.values_nd))
    graph, _ = fit(GaussIntL0Pen(tables, targets, lmbda=penalty))
    return Answer(from_weights(graph))


def boss(question: Question) -> Answer:
    """Best order score search from several column orders; keeps the graph of least BIC.

    BOSS climbs from the order of the columns and depends on it, hence the restarts.
    """
    from causallearn.search.PermutationBased.BOSS import boss as run

    parameters = {"lambda_value": BIC_WEIGHT}
    return restarted(
        question,
        lambda x_nd: from_causallearn(run(x_nd, SCORE, parameters, verbose=False).graph),
    )


def grasp(question: Question) -> Answer:
    """Greedy relaxation of the sparsest permutation, restarted as BOSS is."""
    from causallearn.search.PermutationBased.GRaSP import grasp as run

    parameters = {"lambda_value": BIC_WEIGHT}
    return restarted(
        question,
        lambda x_nd: from_causallearn(
            run(x_nd, SCORE, GRASP_DEPTH, parameters, verbose=False).graph
        ),
    )


def exact(question: Question) -> Answer:
    """The CPDAG of the DAG of least BIC, found by A* over the subsets of the variables.

    With background knowledge the DAG itself, since its class holds graphs that break it.
    """
    from causallearn.search.ScoreBased.ExactSearch import bic_exact_search as run
    from ges.utils import dag_to_cpdag

    allowed = question.knowledge_dd != FORBIDDEN
    np.fill_diagonal(allowed, False)
    centred = question.values_nd - question.values_nd.mean(0)  # the library fits no intercept
    graph, _ = run(
        centred,
        super_graph=allowed.astype(float),
        include_graph=(question.knowledge_dd == REQUIRED).astype(float),
    )
    informed = question.knowledge_dd.any()
    return Answer(from_weights(graph if informed else dag_to_cpdag(graph)))


def restarted(question: Question, search: Search) -> Answer:
    """The CPDAG of least BIC of several searches, each from another column order and seed."""
    from ges.utils import pdag_to_dag

    d = question.values_nd.shape[1]
    shuffle = np.random.default_rng(question.seed)
    best, least = np.zeros((d, d), np.int8), np.inf
    for restart in range(RESTARTS):
        random.seed(question.seed + restart)
        order = shuffle.permutation(d)
        cpdag = np.zeros((d, d), np.int8)
        cpdag[np.ix_(order, order)] = search(question.values_nd[:, order])
        cost = bic(question.values_nd, pdag_to_dag(cpdag))
        if cost < least:
            best, least = cpdag, cost
    return Answer(best)


def regimes(question: Question) -> tuple[list[NDArray[np.float64]], list[list[int]]]:
    """The table cut by which variables were set: one array of rows and one target list each."""
    patterns, index_n = np.unique(question.intervened_nd, axis=0, return_inverse=True)
    tables = [question.values_nd[index_n.ravel() == k] for k in range(len(patterns))]
    return tables, [np.flatnonzero(pattern).tolist() for pattern in patterns]


def bic(values_nd: NDArray[np.float64], dag_dd: NDArray[np.int8]) -> float:
    """-2 times the linear-Gaussian score that BOSS climbs, constants left out; less is better."""
    n, d = values_nd.shape
    covariance = np.cov(values_nd, rowvar=False, ddof=0)
    total = 0.0
    for child in range(d):
        parents = np.flatnonzero(dag_dd[:, child])
        shared = covariance[child, parents]
        inverse = np.linalg.pinv(covariance[np.ix_(parents, parents)], hermitian=True)
        residual = covariance[child, child] - shared @ inverse @ shared
        total += n * np.log(max(residual, 1e-12)) + 2 * BIC_WEIGHT * np.log(n) * (len(parents) + 1)
    return float(total)


_BIC = {"score": "linear-Gaussian BIC", "lambda": BIC_WEIGHT}

SCOREBASED = (
    Method(
        "ges",
        "cpdag",
        ges,
        "Chickering 2002",
        "causal-learn",
        _BIC,
        modules=("causallearn.search.ScoreBased.GES",),
    ),
    Method(
        "gies",
        "cpdag",
        gies,
        "Hauser & Buhlmann 2012",
        "gies",
        _BIC,
        uses=("values", "interventions"),
        rows="regimes",
        modules=("gies",),
    ),
    Method(
        "boss",
        "cpdag",
        boss,
        "Andrews et al. 2023",
        "causal-learn",
        {**_BIC, "restarts": RESTARTS},
        modules=("causallearn.search.PermutationBased.BOSS", "ges.utils"),
        needs=("ges",),
    ),
    Method(
        "grasp",
        "cpdag",
        grasp,
        "Lam, Andrews & Ramsey 2022",
        "causal-learn",
        {**_BIC, "restarts": RESTARTS, "depth": GRASP_DEPTH},
        modules=("causallearn.search.PermutationBased.GRaSP", "ges.utils"),
        needs=("ges",),
    ),
    Method(
        "exact",
        "cpdag",
        exact,
        "Yuan & Malone 2013; Ng et al. 2021",
        "causal-learn",
        {"score": "linear-Gaussian BIC", "lambda": 0.5},
        uses=("values", "knowledge"),
        most_variables=EXACT_VARIABLES,
        modules=("causallearn.search.ScoreBased.ExactSearch", "ges.utils"),
        needs=("ges",),
    ),
)
