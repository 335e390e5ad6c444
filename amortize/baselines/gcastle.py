"""Continuous optimisation as gcastle (Apache-2.0) has it; needs torch, extra `baselines-torch`.

All of them depend on the scale of the columns and lose most of their accuracy on z-scored ones.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from amortize.baselines.additive import pruned
from amortize.baselines.endpoints import break_cycles
from amortize.baselines.method import Method
from amortize.baselines.question import Answer, Question
from amortize.baselines.spline import ALPHA

THRESHOLD = 0.3  # of |weight|, the library's default
GOLEM_STEPS = 100_000  # the library's default
GRAN_DAG_STEPS = 10_000  # the library's default


def notears(question: Question) -> Answer:
    """NOTEARS with a linear model."""
    from castle.algorithms import Notears

    return learned(question, lambda: Notears(w_threshold=THRESHOLD))


def notears_mlp(question: Question) -> Answer:
    """NOTEARS with a multilayer perceptron per variable."""
    import torch
    from castle.algorithms import NotearsNonlinear

    # The library feeds double precision to whatever its network has been made of.
    return learned(
        question,
        lambda: NotearsNonlinear(model_type="mlp", w_threshold=THRESHOLD),
        torch.float64,
    )


def golem(question: Question) -> Answer:
    """GOLEM with equal noise variances, the library's default."""
    from castle.algorithms import GOLEM

    return learned(
        question,
        lambda: GOLEM(num_iter=GOLEM_STEPS, graph_thres=THRESHOLD, seed=question.seed % 2**32),
    )


def gran_dag(question: Question) -> Answer:
    """GraN-DAG, pruned as in its paper by CAM's additive splines, which the library leaves out."""
    from castle.algorithms import GraNDAG

    seed_torch(question.seed)
    d = question.values_nd.shape[1]
    model = GraNDAG(input_dim=d, iterations=GRAN_DAG_STEPS, random_seed=question.seed % 2**32)
    model.learn(question.values_nd)
    dag, note = break_cycles(np.asarray(model.causal_matrix))
    return pruned(question.values_nd, dag.astype(bool))._replace(note=note)


def learned(question: Question, model: Callable[[], Any], precision: Any = None) -> Answer:
    """Graph and ranking of a model of the library, cycles broken."""
    seed_torch(question.seed, precision)
    fitted = model()
    fitted.learn(question.values_nd)
    weights = np.asarray(fitted.weight_causal_matrix, np.float64)
    graph, note = break_cycles(weights, THRESHOLD)
    return Answer(graph, np.abs(weights), note=note)


def seed_torch(seed: int, precision: Any = None) -> None:
    """One seed, one thread and the default precision (single unless given).

    dagma and GraN-DAG change the default for everyone after them, hence its setting every time.
    """
    import torch

    torch.set_num_threads(1)
    torch.set_default_dtype(precision or torch.float32)
    torch.manual_seed(seed)


def _method(
    name: str,
    answer: Callable[[Question], Answer],
    source: str,
    settings: dict[str, float | int | str],
    scores: str = "|weight|",
) -> Method:
    return Method(
        name,
        "dag",
        answer,
        source,
        "gcastle",
        settings,
        scores=scores,
        modules=("castle.algorithms",),
        needs=("torch",),
        extra="baselines-torch",
    )


GCASTLE = (
    _method(
        "notears",
        notears,
        "Zheng et al. 2018",
        {"lambda1": 0.1, "threshold": THRESHOLD},
    ),
    _method(
        "notears-mlp",
        notears_mlp,
        "Zheng et al. 2020",
        {"lambda1": 0.01, "lambda2": 0.01, "hidden": 10, "threshold": THRESHOLD},
    ),
    _method(
        "golem",
        golem,
        "Ng, Ghassami & Zhang 2020",
        {
            "variant": "equal variances",
            "lambda1": 0.02,
            "lambda2": 5.0,
            "steps": GOLEM_STEPS,
            "threshold": THRESHOLD,
        },
    ),
    _method(
        "gran-dag",
        gran_dag,
        "Lachapelle et al. 2020",
        {
            "steps": GRAN_DAG_STEPS,
            "hidden": "2 x 10",
            "pruning": f"additive splines, alpha {ALPHA}",
        },
        scores="F statistic",
    ),
)
