"""Whether a table lies within the sizes and missing rates that a network was trained on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from simulators import Prior


def trained_missing_rate(prior: Prior) -> float:
    """The largest share of missing cells that a prior draws for whole tables."""
    if prior.missingness is not None:
        kinds = prior.missingness.kinds
        some = kinds.completely_at_random + kinds.at_random + kinds.not_at_random
        return prior.missingness.rate[1] if some > 0 else 0.0
    return prior.missing_rate[1] if prior.missing.completely_at_random > 0 else 0.0


def range_warnings(
    observed_nd: np.ndarray, ranges: Mapping[str, Sequence[float]], most_missing: float
) -> list[str]:
    """Sentences on where a table [n, d] lies outside what the network was trained on.

    Args:
        observed_nd: bool, the cells of the used columns that hold a value.
        ranges: fewest and most "rows" and "variables", as on a checkpoint's card.
        most_missing: largest trained share of missing cells.
    """
    n, d = observed_nd.shape
    found = []
    for noun, size in {"rows": n, "variables": d}.items():
        low, high = ranges.get(noun, (0, np.inf))
        if not low <= size <= high:
            found.append(
                f"The table has {size} {noun}, the network was trained on {low} to {high}: "
                "its probabilities may be off."
            )
    missing = 1 - float(observed_nd.mean())
    if missing > most_missing:
        trained = f"up to {most_missing:.0%}" if most_missing else "complete tables"
        found.append(
            f"{missing:.0%} of the cells are missing, the network was trained on {trained}: "
            "its probabilities may be off."
        )
    return found
