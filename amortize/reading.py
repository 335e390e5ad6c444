"""What the two-stream network reads of a table; no parameters take part in it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array

from amortize.additive_search import ADDITIVE_FEATURES, AdditiveGraphs, additive_graphs
from amortize.additive_sums import additive_sums
from amortize.batch import Batch
from amortize.cell_features import CELL_FEATURES, RESIDUALS, SCALED, Graphs, cell_features
from amortize.conditionals import CONDITIONALS
from amortize.imputation import Filled, fill_in
from amortize.linear_graphs import (
    GRAPH_FEATURES,
    MANY,
    PENALTIES,
    Searched,
    linear_graphs,
    linear_search,
)
from amortize.pair_features import PAIR_FEATURES, STATISTICS, pair_features
from amortize.pair_sums import PairSums, pair_sums
from amortize.residual_entropies import (
    ENTROPY_FEATURES,
    link_entropies,
    link_features,
    link_moments,
)

if TYPE_CHECKING:
    from amortize.model import ModelConfig


class Reading(NamedTuple):
    """All that the two-stream network reads of b tables."""

    cells_bdnc: Array  # see `cell_features`
    pairs_bddc: Array  # see `pair_features`
    count_bdd: Array  # rows in which i and j are both observed
    observed_bdn: Array  # bool
    variables_bd: Array  # bool


class Ground(NamedTuple):
    """What searches start from."""

    filled: Filled | None
    totals: PairSums


def read(config: ModelConfig, batch: Batch, experiments: bool = False) -> Reading:
    """What the two-stream network of `config` reads: features of cells and of pairs, searches.

    In full precision on any device: correlations in the few digits of an accelerator's matrix
    products would be other ones.

    Args:
        config: of the network.
        batch: the tables.
        experiments: whether variables are known to be set in some rows, which a search of many
            variables is told for want of memory where they are not.
    """
    start = ground(config, batch)
    additive = None
    if config.additive_search and start.filled is not None:
        additive = search_additive(batch, start.filled, experiments)
    return assemble(config, batch, start, None, additive)


def ground(config: ModelConfig, batch: Batch) -> Ground:
    """Missing cells filled in, and sums over rows."""
    with jax.default_matmul_precision("highest"):
        searched = (batch.values_bnd, batch.observed_bnd, batch.rows_bn, batch.variables_bd)
        filled = fill_in(*searched) if config.searches else None
        return Ground(filled, pair_sums(batch, filled if config.order_search else None))


def search_additive(batch: Batch, filled: Filled, experiments: bool) -> AdditiveGraphs:
    """The additive graphs of the tables."""

    def search(part: tuple[Batch, Filled]) -> AdditiveGraphs:
        return additive_graphs(additive_sums(*part, experiments), part[0].variables_bd)

    with jax.default_matmul_precision("highest"):
        if not experiments:
            return search((batch, filled))
        # Table by table: sums for each of many variables are large.
        alone = jax.tree.map(lambda x: x[:, None], (batch, filled))
        return jax.tree.map(lambda x: x[:, 0], jax.lax.map(search, alone))


def assemble(
    config: ModelConfig,
    batch: Batch,
    start: Ground,
    searched: Searched | None,
    additive: AdditiveGraphs | None,
) -> Reading:
    """The features, with what the searches found; the linear one is made where it was not."""
    filled, totals = start
    with jax.default_matmul_precision("highest"):
        linear = entropies = None
        if config.order_search and filled is not None:
            links = config.residual_entropies
            linear = linear_graphs(totals, batch.variables_bd, links, searched)
            if linear.links is not None:
                moments = link_moments(batch, filled, linear.links)
                sums = link_entropies(batch, filled, linear.links, moments)
                entropies = link_features(linear.links, moments, sums)
        graphs = Graphs(linear, additive, entropies)
        return Reading(
            cell_features(batch, filled, graphs),
            pair_features(batch, totals, config.statistics, config.conditionals, graphs),
            totals.count_bdd,
            batch.observed_bnd.swapaxes(1, 2),
            batch.variables_bd,
        )


def feature_counts(config: ModelConfig) -> tuple[int, int]:
    """How many features of a cell and of a pair `read` gives."""
    cells = CELL_FEATURES + RESIDUALS * config.searches + SCALED * config.additive_search
    pairs = PAIR_FEATURES + STATISTICS * config.statistics
    pairs += CONDITIONALS * config.conditionals + GRAPH_FEATURES * config.order_search
    pairs += ADDITIVE_FEATURES * config.additive_search
    pairs += ENTROPY_FEATURES * config.residual_entropies
    return cells, pairs


def side_by_side(config: ModelConfig, variables: int) -> bool:
    """Whether searches among so many variables take long enough to be worth programs of their own.

    A core does not speed up another's search: its steps are too small to share.
    """
    return config.searches > 0 and variables > MANY and jax.default_backend() == "cpu"


def search_side_by_side(
    config: ModelConfig,
    totals: PairSums,
    variables_bd: Array,
    additive: Callable[[], AdditiveGraphs | None],
) -> tuple[Searched | None, AdditiveGraphs | None]:
    """The searches of the linear graph, one a penalty, and that of the additive one, in threads."""
    penalties = range(len(PENALTIES)) if config.order_search else ()
    with ThreadPoolExecutor(2) as pool:
        linear = [pool.submit(_linear, totals, variables_bd, p) for p in penalties]
        last = pool.submit(additive)
        found = [search.result() for search in linear]
        joined = jax.tree.map(lambda *x: jnp.concatenate(x, 1), *found) if found else None
        return joined, last.result()


@partial(jax.jit, static_argnums=2)
def _linear(totals: PairSums, variables_bd: Array, penalty: int) -> Searched:
    with jax.default_matmul_precision("highest"):
        return linear_search(totals, variables_bd, (penalty,))
