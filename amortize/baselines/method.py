"""The one interface of every baseline: what it is, what it can use, how it is called.

Nothing here imports JAX or a causal discovery library; `worker.py` reads it in the child process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from amortize import __version__

INSTALL_HINT = "not installed: pip install amortize[baselines]"


class Question(NamedTuple):
    """What a method is given about one dataset."""

    values_nd: NDArray[np.float64]  # z-scored and column-permuted by the caller
    edges: int  # number of true edges; only a method that declares "density" may read it
    seed: int


class Answer(NamedTuple):
    """What a method returns, always with g[i, j] for i -> j."""

    graph_dd: NDArray[np.int8]  # 1 directed; an undirected edge is 1 in both directions
    scores_dd: NDArray[np.float64] | None = None  # None: the graph itself ranks the pairs


@dataclass(frozen=True)
class Method:
    """One baseline, with everything that has to stand beside its results.

    `kind` is what the graph is: "dag", "cpdag", or "skeleton" (every edge undirected).
    `uses` names its inputs among "values", "density" (the true number of edges), "interventions"
    and "knowledge"; rows under intervention reach a method without "interventions" as plain rows.
    `answer` imports its library when called, so that this registry stays free of it.
    """

    name: str
    kind: Literal["dag", "cpdag", "skeleton"]
    answer: Callable[[Question], Answer]
    source: str  # paper
    package: str | None = None  # distribution on PyPI; None: this project's own lines
    settings: Mapping[str, float | int | str] = field(default_factory=dict)
    uses: tuple[str, ...] = ("values",)
    modules: tuple[str, ...] = ()  # imported before the clock starts

    def installed_version(self) -> str | None:
        """Version of the library, of `amortize` for own lines, or None when not installed."""
        if self.package is None:
            return __version__
        try:
            return version(self.package)
        except PackageNotFoundError:
            return None
