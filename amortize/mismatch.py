"""Whether a table looks like those that a network was trained on, and if not, in what.

The reference holds the traits of tables drawn from the training prior, by size of table. The rarity
of a table is that of its rarest trait; the p-value is the share of reference tables that are as
rare, each judged by all others (conformal prediction; Vovk, Gammerman and Shafer 2005).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple
from zipfile import BadZipFile
from zlib import error as ZlibError

import numpy as np

from amortize.errors import DataError, quoted
from amortize.traits import TRAITS, traits

if TYPE_CHECKING:
    from amortize.inputs import Inputs

REFERENCE = "reference.npz"
ALARM = 0.04  # p-value from which on a table is called unlike the prior's: false alarms by design
TAIL = 0.1  # share of the reference tables whose excess tells how a trait goes on beyond them
NAMED = 3  # strange traits in a warning, at most


class Mismatch(NamedTuple):
    """How unlike the training tables a table is."""

    p_value: float  # share of the training tables that are as unlike the others
    strange: tuple[str, ...]  # what makes it so, in words, strangest first; empty below the alarm

    @property
    def warning(self) -> str | None:
        """A sentence for the user, or None where nothing is unusual."""
        if not self.strange:
            return None
        return (
            f"The table looks unlike those the network was trained on: it has "
            f"{'; '.join(self.strange)} (no more than {max(self.p_value, 0.001):.1%} of the "
            "training tables are as unusual). Its probabilities may be wrong with confidence."
        )


@dataclass(frozen=True)
class Bin:
    """Traits of training tables of similar size."""

    rows: tuple[int, int]  # fewest and most
    variables: tuple[int, int]
    traits_mt: np.ndarray  # float32, one row per table

    @cached_property
    def scores_m(self) -> np.ndarray:
        """Rarity of each table among the others."""
        return rarity_among(self.traits_mt).max(1)

    def distance(self, n: int, d: int) -> float:
        """How far a size lies outside, in factors; 0 inside."""
        sides = zip((n, d), (self.rows, self.variables), strict=True)
        return sum(abs(np.log(size / np.clip(size, *bounds))) for size, bounds in sides)

    def mismatch(self, table: Inputs) -> Mismatch:
        """How unlike the tables of this bin a table is."""
        rarity_t = rarity(self.traits_mt, traits(table, self.rows[1]))
        p_value = (1 + (self.scores_m >= rarity_t.max()).sum()) / (1 + len(self.scores_m))
        if p_value > ALARM:
            return Mismatch(float(p_value), ())
        # A trait is named that would have raised the alarm alone.
        limit = np.quantile(self.scores_m, 1 - ALARM)
        order = [k for k in np.argsort(-rarity_t) if rarity_t[k] >= min(limit, rarity_t.max())]
        words = [list(TRAITS.values())[k] for k in order]
        return Mismatch(float(p_value), tuple(dict.fromkeys(words))[:NAMED])


def rarity(reference_mt: np.ndarray, traits_t: np.ndarray) -> np.ndarray:
    """-log of the chance of traits [t] so large, from those of m tables; [t].

    The chance is the share of tables as large, counting the new one; beyond the largest it goes on
    falling exponentially, at the rate at which the largest TAIL of the tables fall.
    """
    m = len(reference_mt)
    # Counted as in `rarity_among`: the same rank must give the same number, or ties would decide.
    count_t = np.minimum(1 + (reference_mt >= traits_t).sum(0), m)
    beyond_t = np.maximum(traits_t - reference_mt.max(0), 0.0) / _excess(reference_mt)
    return beyond_t - np.log(count_t / m)


def rarity_among(reference_mt: np.ndarray) -> np.ndarray:
    """The same for each of the m tables among the others, [m, t]."""
    m = len(reference_mt)
    ordered_mt = -np.sort(-reference_mt, axis=0)
    count_mt = np.array(
        [
            np.searchsorted(-ordered, -column, side="right")
            for ordered, column in zip(ordered_mt.T, reference_mt.T, strict=True)
        ]
    ).T
    beyond_mt = np.maximum(reference_mt - ordered_mt[1], 0.0) / _excess(reference_mt)
    return beyond_mt - np.log(count_mt / m)


def _excess(reference_mt: np.ndarray) -> np.ndarray:
    """Mean excess [t] of the largest TAIL of the tables over the rest, never 0."""
    start_t = np.quantile(reference_mt, 1 - TAIL, axis=0)
    above_mt = reference_mt > start_t
    excess_t = np.where(above_mt, reference_mt - start_t, 0.0).sum(0) / above_mt.sum(0).clip(1)
    return np.maximum(excess_t, 0.02)


def mismatch(reference: Sequence[Bin], table: Inputs) -> Mismatch:
    """How unlike the training tables of the nearest size a table is."""
    n, d = table.values_nd.shape
    return min(reference, key=lambda bin: bin.distance(n, d)).mismatch(table)


def save_reference(folder: Path, reference: Sequence[Bin]) -> Path:
    """Write the reference beside a checkpoint; returns the file."""
    path = folder / REFERENCE
    np.savez_compressed(
        path,
        names=np.array(list(TRAITS)),
        sizes=np.array([[*bin.rows, *bin.variables] for bin in reference]),
        traits=np.stack([bin.traits_mt for bin in reference]).astype(np.float32),
    )
    return path


def load_reference(folder: Path) -> list[Bin]:
    """The reference of a checkpoint; empty where it has none, or one of other traits.

    Raises:
        DataError: the file is damaged.
    """
    path = folder / REFERENCE
    if not path.is_file():
        return []
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as found:
            names, sizes, values = found["names"], found["sizes"], found["traits"]
    except (OSError, ValueError, KeyError, EOFError, BadZipFile, ZlibError) as error:
        raise DataError(
            f"the reference {quoted(path)} is damaged ({error}); copy it anew"
        ) from error
    if list(names) != list(TRAITS):
        return []
    return [
        Bin((int(size[0]), int(size[1])), (int(size[2]), int(size[3])), part)
        for size, part in zip(sizes, values, strict=True)
    ]
