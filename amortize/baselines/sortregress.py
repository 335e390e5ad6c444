"""Orders without causes, as CausalDisco (BSD) has them: they show what a simulator gives away.

Columns are ordered by one number and each is regressed on its predecessors by the lasso with BIC.
On a z-scored table all variances are one, and the order by variance is chance.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from amortize.baselines.endpoints import from_weights
from amortize.baselines.method import Method
from amortize.baselines.question import ORDERS, Answer, Question


def var_sort_regress(question: Question) -> Answer:
    """Causes vary less than effects: the order by variance."""
    from CausalDisco.baselines import var_sort_regress as run

    return _answer(question, run)


def r2_sort_regress(question: Question) -> Answer:
    """Causes are explained worse than effects: the order by R2 given all other columns."""
    from CausalDisco.baselines import r2_sort_regress as run

    return _answer(question, run)


def random_sort_regress(question: Question) -> Answer:
    """A random order, to compare the other two with."""
    from CausalDisco.baselines import random_sort_regress as run

    seed = int(question.order_generator().integers(2**31))
    return _answer(question, lambda x_nd: run(x_nd, seed=seed))


def _answer(question: Question, run: Callable[[NDArray], NDArray]) -> Answer:
    weights = run(question.values_nd)
    return Answer(from_weights(weights), np.abs(weights))


def _method(
    name: str, answer: Callable[[Question], Answer], source: str, **settings: int
) -> Method:
    return Method(
        name,
        "dag",
        answer,
        source,
        "CausalDisco",
        {"penalty": "lasso, BIC", **settings},
        scores="|weight|",
        modules=("CausalDisco.baselines",),
    )


SORTREGRESS = (
    _method("var-sort-regress", var_sort_regress, "Reisach, Seiler & Weichwald 2021"),
    _method("r2-sort-regress", r2_sort_regress, "Reisach et al. 2023"),
    _method("random-sort-regress", random_sort_regress, "Reisach et al. 2023", stream=ORDERS),
)
