"""Linear non-Gaussian models: DirectLiNGAM, ICA-LiNGAM and RCD as causal-learn has them (MIT)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import from_lingam
from amortize.baselines.method import Method
from amortize.baselines.question import Answer, Question

# Of |weight| between z-scored columns. Over 20 datasets of linear-laplace (d=10, n=200, seed 777),
# the regime that DirectLiNGAM is made for, its F1 is flat (.865 to .873) between 0 and 0.15.
THRESHOLD = 0.1


def direct_lingam(question: Question) -> Answer:
    """DirectLiNGAM; pairs are ranked by |weight|, edges are the weights over the threshold."""
    from causallearn.search.FCMBased.lingam import DirectLiNGAM

    model = DirectLiNGAM(random_state=question.seed % 2**32)
    model.fit(question.values_nd)
    return weighted(np.asarray(model.adjacency_matrix_))


def ica_lingam(question: Question) -> Answer:
    """ICA-LiNGAM, read as DirectLiNGAM."""
    from causallearn.search.FCMBased.lingam import ICALiNGAM

    model = ICALiNGAM(random_state=question.seed % 2**32)
    model.fit(question.values_nd)
    return weighted(np.asarray(model.adjacency_matrix_))


def rcd(question: Question) -> Answer:
    """Repetitive causal discovery, which allows for latent common causes.

    Every edge is one that its tests let stand, so that no threshold applies. The library marks
    a confounded pair with NaN in both directions.
    """
    from causallearn.search.FCMBased.lingam import RCD

    model = RCD()
    model.fit(question.values_nd)
    weights = np.asarray(model.adjacency_matrix_)
    confounded = np.isnan(weights)
    return weighted(weights, 0.0)._replace(
        confounded_dd=(confounded | confounded.T).astype(np.int8)
    )


def weighted(weights_dd: NDArray[np.float64], threshold: float = THRESHOLD) -> Answer:
    """Graph and ranking of a LiNGAM weight matrix, whose [i, j] is the effect of j on i."""
    return Answer(from_lingam(weights_dd, threshold), np.abs(np.nan_to_num(weights_dd)).T)


LINGAM = (
    Method(
        "direct-lingam",
        "dag",
        direct_lingam,
        "Shimizu et al. 2011",
        "causal-learn",
        {"threshold": THRESHOLD},
        scores="|weight|",
        modules=("causallearn.search.FCMBased.lingam",),
    ),
    Method(
        "ica-lingam",
        "dag",
        ica_lingam,
        "Shimizu et al. 2006",
        "causal-learn",
        {"threshold": THRESHOLD},
        scores="|weight|",
        modules=("causallearn.search.FCMBased.lingam",),
    ),
    Method(
        "rcd",
        "dag",
        rcd,
        "Maeda & Shimizu 2020",
        "causal-learn",
        {"alpha": 0.01, "explanatory": 2},
        scores="|weight|",
        confounded=True,
        modules=("causallearn.search.FCMBased.lingam",),
    ),
)
