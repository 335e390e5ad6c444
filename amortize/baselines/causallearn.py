"""Classic algorithms as causal-learn (MIT licence) implements them."""

from __future__ import annotations

import random

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import consistent_extension, from_causallearn, from_lingam
from amortize.baselines.method import Answer, Method, Question

PC_ALPHA = 0.05  # the library's default
# Penalty per parameter in units of log n. The ordinary BIC has 0.5, which is the library's default
# for GES; its default for BOSS is 2. Of 0.5, 1 and 2, 1 gave both the best mean F1 over 20 datasets
# each of linear-gaussian, linear-laplace, rff-gaussian and rff-laplace (d=10, n=200, seed 777).
BIC_WEIGHT = 1.0
BOSS_RESTARTS = 5
# Of |weight| between z-scored columns. On the same datasets of linear-laplace, the regime that
# DirectLiNGAM is made for, F1 is flat (.865 to .873) between 0 and 0.15.
LINGAM_THRESHOLD = 0.1


def pc(question: Question) -> Answer:
    """PC, stable variant, Fisher's z test."""
    from causallearn.search.ConstraintBased.PC import pc as run

    found = run(question.values_nd, PC_ALPHA, "fisherz", show_progress=False)
    return Answer(from_causallearn(found.G.graph))


def ges(question: Question) -> Answer:
    """Greedy equivalence search with the linear-Gaussian BIC."""
    from causallearn.search.ScoreBased.GES import ges as run

    found = run(question.values_nd, "local_score_BIC_from_cov", lambda_value=BIC_WEIGHT)
    return Answer(from_causallearn(found["G"].graph))


def boss(question: Question) -> Answer:
    """Best order score search from several column orders; keeps the graph of least BIC.

    BOSS climbs from the order of the columns and depends on it, hence the restarts.
    """
    from causallearn.search.PermutationBased.BOSS import boss as run

    d = question.values_nd.shape[1]
    shuffle = np.random.default_rng(question.seed)
    best, least = np.zeros((d, d), np.int8), np.inf
    for restart in range(BOSS_RESTARTS):
        random.seed(question.seed + restart)
        order = shuffle.permutation(d)
        found = run(
            question.values_nd[:, order],
            "local_score_BIC_from_cov",
            parameters={"lambda_value": BIC_WEIGHT},
            verbose=False,
        )
        cpdag = np.zeros((d, d), np.int8)
        cpdag[np.ix_(order, order)] = from_causallearn(found.graph)
        dag = consistent_extension(cpdag)
        cost = np.inf if dag is None else bic(question.values_nd, dag)
        if restart == 0 or cost < least:
            best, least = cpdag, cost
    return Answer(best)


def direct_lingam(question: Question) -> Answer:
    """DirectLiNGAM; pairs are ranked by |weight|, edges are the weights over the threshold."""
    from causallearn.search.FCMBased.lingam import DirectLiNGAM

    model = DirectLiNGAM(random_state=question.seed)
    model.fit(question.values_nd)
    weights = np.asarray(model.adjacency_matrix_)
    return Answer(from_lingam(weights, LINGAM_THRESHOLD), np.abs(np.nan_to_num(weights)).T)


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


CAUSALLEARN = (
    Method(
        "pc",
        "cpdag",
        pc,
        "Spirtes, Glymour & Scheines 2000; stable: Colombo & Maathuis 2014",
        "causal-learn",
        {"test": "fisherz", "alpha": PC_ALPHA},
        modules=("causallearn.search.ConstraintBased.PC",),
    ),
    Method(
        "ges",
        "cpdag",
        ges,
        "Chickering 2002",
        "causal-learn",
        {"score": "linear-Gaussian BIC", "lambda": BIC_WEIGHT},
        modules=("causallearn.search.ScoreBased.GES",),
    ),
    Method(
        "boss",
        "cpdag",
        boss,
        "Andrews et al. 2023",
        "causal-learn",
        {
            "score": "linear-Gaussian BIC",
            "lambda": BIC_WEIGHT,
            "restarts": BOSS_RESTARTS,
        },
        modules=("causallearn.search.PermutationBased.BOSS",),
    ),
    Method(
        "direct-lingam",
        "dag",
        direct_lingam,
        "Shimizu et al. 2011",
        "causal-learn",
        {"threshold": LINGAM_THRESHOLD},
        modules=("causallearn.search.FCMBased.lingam",),
    ),
)
