"""DAGMA as its authors' package (Apache-2.0) has it; needs torch, extra `baselines-torch`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import break_cycles
from amortize.baselines.gcastle import seed_torch
from amortize.baselines.method import Method
from amortize.baselines.question import Answer, Question

THRESHOLD = 0.3  # of |weight|, the library's default
HIDDEN = 10  # as in the package's README
WARM_STEPS, STEPS = 50_000, 80_000  # of the multilayer perceptron, the library's defaults


def dagma(question: Question) -> Answer:
    """DAGMA with a linear model and squared loss."""
    from dagma.linear import DagmaLinear

    # The package centres the table that it is given in place.
    weights = DagmaLinear("l2").fit(question.values_nd.copy(), lambda1=0.03, w_threshold=0.0)
    return _answer(weights)


def dagma_mlp(question: Question) -> Answer:
    """DAGMA with a multilayer perceptron per variable."""
    import torch
    from dagma.nonlinear import DagmaMLP, DagmaNonlinear

    seed_torch(question.seed)
    d = question.values_nd.shape[1]
    network = DagmaMLP(dims=[d, HIDDEN, 1], bias=True)  # sets torch's default type to double
    weights = DagmaNonlinear(network).fit(
        torch.from_numpy(question.values_nd),
        lambda1=0.02,
        lambda2=0.005,
        warm_iter=WARM_STEPS,
        max_iter=STEPS,
        w_threshold=0.0,
    )
    return _answer(weights)


def _answer(weights_dd: NDArray) -> Answer:
    graph, note = break_cycles(weights_dd, THRESHOLD)
    return Answer(graph, np.abs(weights_dd), note=note)


DAGMA = (
    Method(
        "dagma",
        "dag",
        dagma,
        "Bello, Aragam & Ravikumar 2022",
        "dagma",
        {"lambda1": 0.03, "threshold": THRESHOLD},
        scores="|weight|",
        modules=("dagma.linear",),
        needs=("torch",),
        extra="baselines-torch",
    ),
    Method(
        "dagma-mlp",
        "dag",
        dagma_mlp,
        "Bello, Aragam & Ravikumar 2022",
        "dagma",
        {
            "lambda1": 0.02,
            "lambda2": 0.005,
            "hidden": HIDDEN,
            "steps": 3 * WARM_STEPS + STEPS,
            "threshold": THRESHOLD,
        },
        scores="|weight|",
        modules=("dagma.nonlinear",),
        needs=("torch",),
        extra="baselines-torch",
    ),
)
