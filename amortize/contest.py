"""Which datasets count when methods are compared with one another: those that all finished.

A mean over other datasets is another quantity, and what a slow method finished is no random part.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

OURS = "amortize"

LEAST = 5  # a method with fewer datasets is left out, unless nobody has more
SHARE = 0.5  # so is one with less than that share of the most that another one finished


class Contest(NamedTuple):
    """The methods that are compared with one another, on the datasets that all of them finished."""

    methods: tuple[str, ...]
    datasets: frozenset[int]


def contest(finished: Mapping[str, set[int]]) -> Contest:
    """The contest of a table, from the datasets (indices) that each method finished.

    The checkpoint takes part with whatever it finished. Of the others, who has the fewest is left
    out until the rest share enough: a slow method that was run on a few does not take the others'
    datasets away.
    """
    ours = finished.get(OURS) or set[int]().union(*finished.values())
    entrants = {name: done & ours for name, done in finished.items() if done & ours}
    most = max((len(done) for name, done in entrants.items() if name != OURS), default=0)
    enough = max(LEAST, SHARE * most)
    while True:
        shared = set.intersection(*entrants.values()) if entrants else set()
        others = {name: len(done) for name, done in entrants.items() if name != OURS}
        if len(shared) >= min(enough, len(ours)) or not others or len(entrants) == 1:
            return Contest(tuple(entrants), frozenset(shared))
        del entrants[min(others, key=lambda name: others[name])]
