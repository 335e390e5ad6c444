"""Tables with heavy tails are read twice: as they are, and with their tails compressed.

A few cells of such a table are so large that every other one is next to 0 after scaling. They tell
directions (a linear effect keeps the ratio of two extremes), but hide all that is not linear, and
in training they are rare. Compressed, the other rows are seen again. Figures: docs/experiments.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

from amortize.case import CONTINUOUS
from amortize.inputs import standardised

if TYPE_CHECKING:
    from amortize.forward import Answer, Forward
    from amortize.inputs import Inputs

HEAVY = 25.0  # median kurtosis of the columns; a normal distribution has 3
WIDTH = 3.0  # robust standard deviations from the median within which little is compressed
TO_SIGMA = 1.4826  # of a normal distribution, by its median absolute deviation
LEAST = 1e-7  # no probability is taken to be smaller


def answer(
    forward: Forward,
    tables: Sequence[Inputs],
    progress: Callable[[float], None] | None = None,
) -> list[Answer]:
    """What the network says of each table; of heavy-tailed ones, of both views together."""
    twice = [k for k, table in enumerate(tables) if is_heavy_tailed(table)]
    share = len(tables) / max(len(tables) + len(twice), 1)
    told = progress or (lambda _: None)
    # One after the other, so that a single table needs one program, not one for two tables.
    answers = forward.answer(tables, lambda done: told(done * share))
    if twice:
        again = [compressed(tables[k]) for k in twice]
        seconds = forward.answer(again, lambda done: told(share + done * (1 - share)))
        for k, second in zip(twice, seconds, strict=True):
            answers[k] = pooled(answers[k], second)
    return answers


def is_heavy_tailed(table: Inputs) -> bool:
    """Whether half of the continuous columns have a kurtosis of HEAVY or more."""
    found = []
    for j in np.flatnonzero(table.kind_d == CONTINUOUS):
        x = table.values_nd[table.observed_nd[:, j], j].astype(np.float64)
        if x.size and x.std() > 0:
            found.append(((x - x.mean()) ** 4).mean() / x.var() ** 2)
    return bool(found) and bool(np.median(found) >= HEAVY)


def compressed(table: Inputs) -> Inputs:
    """The table with arcsinh((x - median) / (WIDTH * spread)) in place of continuous values x.

    The spread is the median absolute deviation; columns without any stay as they are.
    """
    values_nd = table.values_nd.copy()
    for j in np.flatnonzero(table.kind_d == CONTINUOUS):
        seen = table.observed_nd[:, j]
        x = table.values_nd[seen, j].astype(np.float64)
        middle = np.median(x) if x.size else 0.0
        spread = np.median(np.abs(x - middle)) * TO_SIGMA if x.size else 0.0
        if spread > 0:
            values_nd[seen, j] = np.arcsinh((x - middle) / (WIDTH * spread))
    return table._replace(values_nd=standardised(values_nd, table.observed_nd))


def pooled(first: Answer, second: Answer) -> Answer:
    """Both answers with equal weight: geometric means of what excludes another, made to sum to 1.

    That is the logarithmic opinion pool (Genest and Zidek 1986).
    """
    p_dd, q_dd = (np.clip(a.edges_dd.astype(np.float64), LEAST, 1.0) for a in (first, second))
    edges_dd = np.sqrt(p_dd * q_dd)
    none_dd = np.sqrt(_rest(p_dd + p_dd.T) * _rest(q_dd + q_dd.T))
    edges_dd = edges_dd / (edges_dd + edges_dd.T + none_dd)
    p_dd, q_dd = (
        np.clip(a.confounded_dd.astype(np.float64), LEAST, 1 - LEAST) for a in (first, second)
    )
    hidden_dd = np.sqrt(p_dd * q_dd)
    hidden_dd = hidden_dd / (hidden_dd + np.sqrt((1 - p_dd) * (1 - q_dd)))
    for matrix_dd in (edges_dd, hidden_dd):
        np.fill_diagonal(matrix_dd, 0.0)
    return first._replace(
        edges_dd=edges_dd.astype(np.float32), confounded_dd=hidden_dd.astype(np.float32)
    )


def _rest(p_dd: np.ndarray) -> np.ndarray:
    return np.clip(1 - p_dd, LEAST, 1.0)
