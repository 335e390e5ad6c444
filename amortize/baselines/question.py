"""What a baseline is given about one dataset, and what it gives back.

Nothing here imports JAX: the worker process reads it too.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

# The values of `amortize.batch`, which needs JAX.
UNKNOWN, FORBIDDEN, REQUIRED = range(3)

ORDERS = 1  # stream of random numbers of `Question.order_generator`


class Question(NamedTuple):
    """One table of n rows and d variables; columns are permuted and scaled by the caller.

    `make_question` fills in what is not given. `Method.view` hides what a method cannot use.
    """

    values_nd: NDArray[np.float64]  # the column's mean where missing
    observed_nd: NDArray[np.bool_]  # False: missing
    intervened_nd: NDArray[np.bool_]  # True: set by an experiment with known target
    regime_n: NDArray[np.bool_]  # True: row of an experiment with unknown target
    knowledge_dd: NDArray[np.int8]  # UNKNOWN, FORBIDDEN or REQUIRED, for i -> j
    edges: int  # number of true edges; only a method that declares "density" may read it
    seed: int  # also what the columns may have been permuted with, see `order_generator`

    def with_gaps(self) -> NDArray[np.float64]:
        """The values [n, d] with NaN where missing."""
        return np.where(self.observed_nd, self.values_nd, np.nan)

    def order_generator(self) -> np.random.Generator:
        """What an order of the columns is to be drawn from.

        `default_rng(seed)` is no choice: the caller may have permuted the columns with that, and
        the same permutation again can undo it.
        """
        return np.random.default_rng([ORDERS, self.seed])

    def rows(self, keep_n: NDArray[np.bool_]) -> Question:
        """The question with only some of its rows."""
        return self._replace(
            values_nd=self.values_nd[keep_n],
            observed_nd=self.observed_nd[keep_n],
            intervened_nd=self.intervened_nd[keep_n],
            regime_n=self.regime_n[keep_n],
        )


class Answer(NamedTuple):
    """What a method returns, always with g[i, j] for i -> j."""

    graph_dd: NDArray[np.int8]  # 1 directed; an undirected edge is 1 in both directions
    scores_dd: NDArray[np.float64] | None = None  # None: the graph itself ranks the pairs
    confounded_dd: NDArray[np.int8] | None = None  # symmetric; 1: a latent common cause is claimed
    note: str = ""  # what was done to the library's answer, such as edges dropped from cycles


def make_question(
    values_nd: ArrayLike,
    seed: int,
    *,
    edges: int = 0,
    observed_nd: ArrayLike | None = None,
    intervened_nd: ArrayLike | None = None,
    regime_n: ArrayLike | None = None,
    knowledge_dd: ArrayLike | None = None,
) -> Question:
    """A question; what is not given means complete, observational, nothing known.

    Args:
        values_nd: [n, d] numbers; cells that are not observed may hold anything finite.
        seed: fixes every random choice of the method.
        edges: true number of edges, for methods that declare "density".
        observed_nd: [n, d], false where missing.
        intervened_nd: [n, d], true where an experiment set the cell.
        regime_n: [n], true for rows of an experiment whose target is unknown.
        knowledge_dd: [d, d] of UNKNOWN, FORBIDDEN, REQUIRED for i -> j.

    Raises:
        ValueError: an array's shape is not the one above.
    """
    values = np.asarray(values_nd, np.float64)
    n, d = values.shape

    def given(array: ArrayLike | None, shape: tuple[int, ...], default: float, what: str):
        filled = np.full(shape, default) if array is None else np.asarray(array)
        if filled.shape != shape:
            raise ValueError(f"{what} has shape {filled.shape}, the table needs {shape}")
        return filled

    return Question(
        values,
        given(observed_nd, (n, d), 1, "observed_nd").astype(bool),
        given(intervened_nd, (n, d), 0, "intervened_nd").astype(bool),
        given(regime_n, (n,), 0, "regime_n").astype(bool),
        given(knowledge_dd, (d, d), UNKNOWN, "knowledge_dd").astype(np.int8),
        int(edges),
        int(seed),
    )
