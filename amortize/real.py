"""Real and semi-real datasets with a known graph, read from installed packages' data files.

Nothing is vendored and no such package is imported. What is not installed is `Absent`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from amortize.labelled import read_labelled
from amortize.wheels import Absent, wheel_file
from simulators.bayesian_network import draw, graph_of, read_bif, read_gaussian

CDT, PGMPY = "cdt>=0.6", "pgmpy>=1.1,<1.3"
OBSERVATIONAL_ROWS = 853  # of Sachs' file: its first block, before any inhibitor
ORDINAL, BINARY = 1, 2  # of `simulators.columns`

# The names of cdt's Sachs columns in bnlearn's consensus network.
SACHS_NAMES = {
    "praf": "Raf",
    "pmek": "Mek",
    "plcg": "Plcg",
    "PIP2": "PIP2",
    "PIP3": "PIP3",
    "p44/42": "Erk",
    "pakts473": "Akt",
    "PKA": "PKA",
    "PKC": "PKC",
    "P38": "P38",
    "pjnk": "Jnk",
}


class RealTable(NamedTuple):
    """One dataset of n rows and d variables."""

    values_nd: NDArray[np.float64]  # NaN where missing
    intervened_nd: NDArray[np.bool_]
    graph_dd: NDArray[np.bool_]
    kind_d: NDArray[np.int32] | None = None


@dataclass(frozen=True)
class RealData:
    """A named dataset, or several drawn from one network."""

    name: str
    description: str
    source: str
    tables: Callable[[int, int], Iterator[RealTable]]  # (how many at most, seed)
    datasets: int  # how many at most, unless said otherwise


def _complete(values_nd: NDArray, graph_dd: NDArray, kind_d: NDArray | None = None) -> RealTable:
    return RealTable(values_nd, np.zeros(values_nd.shape, bool), graph_dd, kind_d)


def sachs(rows: int | None, levels: int | None, count: int, seed: int) -> Iterator[RealTable]:
    """Logarithms of the 11 protein signals, the first `rows` rows or all.

    With `levels`, each signal is cut into so many of equal counts, as discrete methods need it.
    """
    data = pd.read_csv(wheel_file("cdt", "resources/cyto_full_data.csv", CDT)).iloc[:rows]
    network = read_bif(wheel_file("pgmpy", "example_models/sachs.bif.gz", PGMPY))
    data = data.rename(columns=SACHS_NAMES)[list(network)]
    values_nd, kind_d = np.log(data.to_numpy(float)), None
    if levels:
        bounds_kd = np.quantile(values_nd, np.arange(1, levels) / levels, axis=0)
        values_nd = (values_nd[:, None] > bounds_kd).sum(1).astype(float)
        kind_d = np.full(values_nd.shape[1], ORDINAL, np.int32)
    yield _complete(values_nd, graph_of(network), kind_d)


def gaussian_network(file: str, rows: int, count: int, seed: int) -> Iterator[RealTable]:
    """Samples of a linear-Gaussian network."""
    network = read_gaussian(wheel_file("pgmpy", f"example_models/{file}.json", PGMPY))
    for index in range(count):
        values = draw(network, rows, np.random.default_rng([seed, index]))
        yield _complete(values, graph_of(network))


def discrete_network(file: str, rows: int, count: int, seed: int) -> Iterator[RealTable]:
    """Samples of a discrete network; a state is its number, which is an order for few of them."""
    network = read_bif(wheel_file("pgmpy", f"example_models/{file}.bif.gz", PGMPY))
    kind = np.array([BINARY if len(part.states) == 2 else ORDINAL for part in network.values()])
    for index in range(count):
        values = draw(network, rows, np.random.default_rng([seed, index]))
        yield _complete(values, graph_of(network), kind.astype(np.int32))


def tuebingen(count: int, seed: int) -> Iterator[RealTable]:
    """Pairs of a cause and an effect, each a table of two columns, the cause first."""
    pairs = pd.read_csv(wheel_file("cdt", "resources/Tuebingen_pairs.csv", CDT))
    targets = pd.read_csv(wheel_file("cdt", "resources/Tuebingen_targets.csv", CDT))
    forward = dict(zip(targets.iloc[:, 0], targets.iloc[:, 1] > 0, strict=True))
    for _, pair in pairs.head(count).iterrows():
        values = np.array([np.array(str(pair[side]).split(), float) for side in ("A", "B")]).T
        graph = np.zeros((2, 2), bool)
        graph[(0, 1) if forward[pair["SampleID"]] else (1, 0)] = True
        yield _complete(values, graph)


def compression(file: str, count: int, seed: int) -> Iterator[RealTable]:
    """This project's own measurement of an archiver, its edges argued one by one."""
    folder = Path(__file__).resolve().parents[1] / "examples" / "compression"
    if not folder.is_dir():
        raise Absent("examples/compression is only in the source tree: run there")
    mask = folder / f"{file}_mask.csv"
    found = read_labelled(file, folder / f"{file}.csv", folder / "truth.csv", mask)
    yield RealTable(found.values_nd, found.intervened_nd, found.graph_dd, found.kind_d)


SACHS_SOURCE = "Sachs et al. 2005, Science 308:523; the 17 edges of bnlearn's consensus network"
NETWORKS = "bnlearn repository (Scutari 2010), files of pgmpy's wheel"
GAUSSIAN = ("ecoli70", "magic-niab", "magic-irri", "arth150")
DISCRETE = ("asia", "cancer", "earthquake", "survey", "sachs", "child", "insurance", "alarm")
DISCRETE += ("mildew", "hailfinder", "hepar2")
# By name, not in the suite: over 100 variables, or states so rare that columns are constant.
LARGE = ("andes", "diabetes", "pigs", "link", "pathfinder", "munin1", "water", "barley", "win95pts")
NETWORK_ROWS = 1000


SUITE = (
    "sachs-observational",
    "sachs-levels",
    "sachs-pooled",
    "compression-observational",
    "compression-interventional",
    *GAUSSIAN,
    *(f"{file}-discrete" for file in DISCRETE),
    "tuebingen-pairs",
)


def _catalogue() -> Iterator[RealData]:
    observational = f"{OBSERVATIONAL_ROWS} rows without inhibitors"
    for name, rows, levels, text in (
        ("sachs-observational", OBSERVATIONAL_ROWS, None, f"logarithms, {observational}"),
        ("sachs-levels", OBSERVATIONAL_ROWS, 3, f"three levels each, {observational}"),
        ("sachs-pooled", None, None, "logarithms, all nine experiments pooled"),
    ):
        what = f"protein signals, {text}"
        yield RealData(name, what, SACHS_SOURCE, partial(sachs, rows, levels), 1)
    source = "this project, examples/compression"
    for file in ("observational", "interventional"):
        what = f"a small archiver, measured; {file} rows"
        yield RealData(f"compression-{file}", what, source, partial(compression, file), 1)
    for file in GAUSSIAN:
        make = partial(gaussian_network, file, NETWORK_ROWS)
        yield RealData(file, "samples of a fitted linear-Gaussian network", NETWORKS, make, 3)
    for file in (*DISCRETE, *LARGE):
        make = partial(discrete_network, file, NETWORK_ROWS)
        name = f"{file}-discrete"
        yield RealData(name, "samples of a discrete network", NETWORKS, make, 3)
    yield RealData(
        "tuebingen-pairs",
        "measured pairs of a cause and an effect",
        "Mooij et al. 2016 (JMLR 17:32), the 99 pairs of cdt's wheel",
        tuebingen,
        99,
    )


REAL: dict[str, RealData] = {data.name: data for data in _catalogue()}
