"""The one interface of every baseline: what it is, what it can use, how it is called.

Nothing here imports JAX or a causal discovery library; `worker.py` reads it in the child process.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Literal

import numpy as np

from amortize import __version__
from amortize.baselines.question import Answer, Question

__all__ = ["INSTALL_HINT", "Answer", "Method", "Question", "install_hint"]


def install_hint(extra: str) -> str:
    """What is reported in place of a result when the library is missing."""
    return f"not installed: pip install 'amortize[{extra}]'"


INSTALL_HINT = install_hint("baselines")


@dataclass(frozen=True)
class Method:
    """One baseline, with everything that has to stand beside its results.

    `kind` is what the graph is: "dag", "cpdag", "pag" (circles read as possible directions, see
    `endpoints.from_pag`) or "skeleton" (every edge undirected). `scores` says what ranks the pairs
    when the answer has scores, and is empty when the graph itself does.

    `uses` names its inputs among "values", "density" (the true number of edges), "missing" (the
    others read the column mean), "interventions" and "knowledge" (required and forbidden edges).
    `rows` says what becomes of rows under intervention: "regimes" (the method models them),
    "pooled" (they are ordinary rows to it) or "observational" (they are left out, unless fewer
    than `least_rows` remain; then pooled). `view` carries both out. Pooled is what is best for the
    methods: their F1 pooled and observational, over 20 tables of linear-gaussian-interventional
    (d=10, n=200, seed 777, half of the rows plain), was .87 and .78 for boss, .68 and .66 for ges,
    .63 and .57 for pc, .61 and .31 for direct-lingam, .39 and .39 for cam.

    `answer` imports its library when called, so that this registry stays free of it.
    """

    name: str
    kind: Literal["dag", "cpdag", "pag", "skeleton"]
    answer: Callable[[Question], Answer]
    source: str  # paper
    package: str | None = None  # distribution on PyPI; None: this project's own lines
    settings: Mapping[str, float | int | str] = field(default_factory=dict)
    uses: tuple[str, ...] = ("values",)
    rows: Literal["regimes", "pooled", "observational"] = "pooled"
    scores: str = ""
    confounded: bool = False  # answers which pairs share a latent cause
    most_variables: int | None = None  # refused above, by the library or by exponential cost
    modules: tuple[str, ...] = ()  # imported before the clock starts
    needs: tuple[str, ...] = ()  # distributions that the package needs and does not install
    extra: str = "baselines"  # of this project, which installs the package

    def installed_version(self) -> str | None:
        """Version of the library, of `amortize` for own lines, or None when not installed."""
        if self.package is None:
            return __version__
        try:
            for name in self.needs:
                version(name)
            return version(self.package)
        except PackageNotFoundError:
            return None

    def install_hint(self) -> str:
        """What is reported in place of a result when the library is missing."""
        return install_hint(self.extra)

    def view(self, question: Question) -> Question:
        """The question without what the method does not declare that it uses."""
        seen = question
        if self.rows == "observational":
            plain_n = ~(question.intervened_nd.any(1) | question.regime_n)
            if plain_n.sum() >= least_rows(question.values_nd.shape[1]):
                seen = seen.rows(plain_n)
        elif self.rows == "regimes":
            seen = seen.rows(~question.regime_n)
        if "interventions" not in self.uses:
            seen = seen._replace(
                intervened_nd=np.zeros_like(seen.intervened_nd),
                regime_n=np.zeros_like(seen.regime_n),
            )
        if "missing" not in self.uses:
            seen = seen._replace(observed_nd=np.ones_like(seen.observed_nd))
        if "knowledge" not in self.uses:
            seen = seen._replace(knowledge_dd=np.zeros_like(seen.knowledge_dd))
        return seen if "density" in self.uses else seen._replace(edges=0)

    def refusal(self, d: int) -> str:
        """Why a table of d variables cannot be answered, or an empty string."""
        if self.most_variables is None or d <= self.most_variables:
            return ""
        return f"takes at most {self.most_variables} variables, the table has {d}"

    def record(self) -> dict[str, Any]:
        """What stands beside the method's results, in JSON types."""
        return {
            "method": self.name,
            "kind": self.kind,
            "version": f"{self.package or 'amortize'} {self.installed_version() or '(missing)'}",
            "settings": dict(self.settings),
            "source": self.source,
            "uses": list(self.uses),
            "intervened_rows": self.rows,
            "ranked_by": self.scores or "the graph",
        }


def least_rows(d: int) -> int:
    """Observational rows that are worth more than all rows pooled, for d variables."""
    return max(20, 2 * d)
