"""The two-stream network on one table of any length: rows in chunks, sums added up over them.

Rows meet only in sums, so the result is that of the whole table up to the order of addition, while
memory holds one chunk's activations and a token per cell.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial, reduce
from typing import TYPE_CHECKING, Any

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jax import Array

from amortize.additive_search import AdditiveGraphs, additive_graphs
from amortize.additive_sums import AdditiveSums, additive_sums
from amortize.batch import Batch
from amortize.cell_features import Graphs, cell_features
from amortize.imputation import Filled, fill_in
from amortize.linear_graphs import linear_graphs
from amortize.model import ModelConfig, Params, TwoStream, network
from amortize.pair_features import pair_features
from amortize.pair_sums import PairSums, pair_sums
from amortize.reading import search_side_by_side, side_by_side
from amortize.residual_entropies import link_entropies, link_features, link_moments
from amortize.stack import layers

if TYPE_CHECKING:
    from amortize.inputs import Inputs

BYTES_PER_CHUNK = 1 << 28  # rough size of the activations of a chunk of rows
FEWEST_CHUNK_ROWS = 256


def chunk_rows(config: ModelConfig, variables: int) -> int:
    """Rows of a chunk of a table with so many variables, a power of two."""
    rows = BYTES_PER_CHUNK // (32 * config.row_width * variables)
    return 1 << max(FEWEST_CHUNK_ROWS, rows).bit_length() - 1


def stream_logits(
    config: ModelConfig,
    params: Params,
    table: Inputs,
    rows: int,
    variables: int,
    progress: Callable[[float], None] = lambda _: None,
) -> Array:
    """Logits [1, d, d, 3] of one table.

    Args:
        config: of a two-stream network.
        params: its parameters.
        table: the whole table.
        rows: of a chunk; any number gives the same result.
        variables: padded number of variables, at least the table's.
        progress: is told the share of the work done after every chunk.
    """
    net = network(config, params)
    assert isinstance(net, TwoStream)
    starts = range(0, len(table.values_nd), rows)
    passes = 1 + 2 * config.residual_entropies + config.row_blocks + config.final_read
    steps = iter(range(1, passes * len(starts) + 1))

    def chunk(start: int) -> Batch:
        return _chunk(table, start, rows, variables)

    def added(total: Any, part: Any) -> Any:
        # Waiting keeps one chunk's activations in memory, and not those of all that are queued.
        total = jax.block_until_ready(part if total is None else jax.tree.map(jnp.add, total, part))
        progress(next(steps) / (passes * len(starts)))
        return total

    everything = _filled(table, len(starts) * rows, variables) if config.searches else None

    def filled(start: int) -> Filled | None:
        if everything is None:
            return None
        values, variance_bd, scaled = everything
        part = slice(start, start + rows)
        return Filled(values[:, part], variance_bd, scaled[:, part])

    experiments = bool(table.intervened_nd.any())
    both: tuple[PairSums, AdditiveSums | None] | None = None
    for start in starts:
        both = added(both, _sums(config, chunk(start), filled(start), experiments))
    assert both is not None
    sums, whole = both[0], chunk(0)
    graphs = _search(config, *both, whole.variables_bd)
    if graphs.linear is not None and (links := graphs.linear.links) is not None:
        over = reduce(added, (_link_moments(chunk(k), filled(k), links) for k in starts), None)
        parts = (_link_entropies(chunk(k), filled(k), links, over) for k in starts)
        graphs = graphs._replace(entropies=_link_features(links, over, reduce(added, parts, None)))
    blocks = layers(net.row_stack)
    tokens: list[Array] = []
    total: Array | None = None
    for start in starts:
        first = (net.cell_in, net.cell_out, blocks[0].outer)
        s, outer = _embed(first, chunk(start), filled(start), graphs)
        tokens.append(s)
        total = added(total, outer)
    assert total is not None
    outer_bxy = total
    chosen = {"statistics": config.statistics, "conditional": config.conditionals}
    z = _start((net.pair_in,), whole, sums, graphs, **chosen)
    for place, block in enumerate(blocks):
        reasoning = (block.outer, block.triangle, block.pair_transition)
        z = _reason(reasoning, z, outer_bxy, sums.count_bdd, whole.variables_bd)
        following = blocks[place + 1].outer if place + 1 < len(blocks) else net.last_outer
        if following is None:
            break
        outer = None
        for k, start in enumerate(starts):
            read = (block.row_update, following)
            tokens[k], part = _update(read, tokens[k], z, chunk(start))
            outer = added(outer, part)
        assert outer is not None
        outer_bxy = outer
    if net.last_outer is not None:
        z = _read((net.last_outer,), z, outer_bxy, sums.count_bdd)
    for block in layers(net.pair_stack) if net.pair_stack is not None else []:
        z = _reason(
            (None, block.triangle, block.pair_transition), z, None, None, whole.variables_bd
        )
    return _finish((net.norm, net.head), z)


def _chunk(table: Inputs, start: int, rows: int, variables: int) -> Batch:
    """Rows from `start` on as a padded batch of one; values stay standardised over the whole."""
    parts = [part[start : start + rows] for part in table[:4]]
    n, d = parts[0].shape
    values, observed, intervened = (
        jnp.asarray(np.pad(part, ((0, rows - n), (0, variables - d)))[None]) for part in parts[:3]
    )
    wide = (0, variables - d)
    return Batch(
        values_bnd=values,
        observed_bnd=observed,
        intervened_bnd=intervened,
        regime_bn=jnp.asarray(np.pad(parts[3], (0, rows - n))[None]),
        kind_bd=jnp.asarray(np.pad(table.kind_d, wide)[None]),
        knowledge_bdd=jnp.asarray(np.pad(table.knowledge_dd, (wide, wide))[None]),
        rows_bn=jnp.arange(rows)[None] < n,
        variables_bd=jnp.arange(variables)[None] < d,
    )


def _compiled(static: tuple[str, ...] = ()) -> Callable:
    """jax.jit of a function of modules and arrays: a module's structure is static.

    So blocks of a kind share one compiled program.
    """

    def wrap(function: Callable) -> Callable:
        @partial(jax.jit, static_argnums=0, static_argnames=static)
        def run(graph: nnx.GraphDef, state: nnx.State, *arrays: Any, **options: Any) -> Any:
            return function(nnx.merge(graph, state), *arrays, **options)

        def call(modules: tuple, *arrays: Any, **options: Any) -> Any:
            return run(*nnx.split(modules), *arrays, **options)

        return call

    return wrap


_fill = jax.jit(fill_in)
_link_moments = jax.jit(link_moments)
_link_entropies = jax.jit(link_entropies)
_link_features = jax.jit(link_features)
_additive_graphs = jax.jit(additive_graphs)
_linear_graphs = jax.jit(linear_graphs, static_argnums=2)


@partial(jax.jit, static_argnums=(0, 3))
def _sums(
    config: ModelConfig, chunk: Batch, filled: Filled | None, experiments: bool
) -> tuple[PairSums, AdditiveSums | None]:
    with jax.default_matmul_precision("highest"):  # as `read` does
        additive = None
        if config.additive_search and filled is not None:
            additive = additive_sums(chunk, filled, experiments)
        return pair_sums(chunk, filled if config.order_search else None), additive


@partial(jax.jit, static_argnums=0)
def _search_in_one(
    config: ModelConfig, sums: PairSums, additive: AdditiveSums | None, variables_bd: Array
) -> Graphs:
    linear = None
    if config.order_search:
        linear = linear_graphs(sums, variables_bd, config.residual_entropies)
    return Graphs(linear, None if additive is None else additive_graphs(additive, variables_bd))


def _search(
    config: ModelConfig, sums: PairSums, additive: AdditiveSums | None, variables_bd: Array
) -> Graphs:
    if not side_by_side(config, variables_bd.shape[1]):
        return _search_in_one(config, sums, additive, variables_bd)

    def last() -> AdditiveGraphs | None:
        return None if additive is None else _additive_graphs(additive, variables_bd)

    searched, found = search_side_by_side(config, sums, variables_bd, last)
    if searched is None:
        return Graphs(None, found)
    return Graphs(_linear_graphs(sums, variables_bd, config.residual_entropies, searched), found)


def _filled(table: Inputs, rows: int, variables: int) -> Filled:
    """The whole table without missing cells: a number a cell, where the network holds many."""
    whole = _chunk(table, 0, rows, variables)
    return _fill(whole.values_bnd, whole.observed_bnd, whole.rows_bn, whole.variables_bd)


@_compiled()
def _embed(
    modules: tuple, chunk: Batch, filled: Filled | None, graphs: Graphs
) -> tuple[Array, Array]:
    cell_in, cell_out, outer = modules
    with jax.default_matmul_precision("highest"):
        cells_bdnc = cell_features(chunk, filled, graphs)
    s = cell_out(jax.nn.relu(cell_in(cells_bdnc)))
    return s, outer.sums(s, chunk.observed_bnd.swapaxes(1, 2))


@_compiled(static=("statistics", "conditional"))
def _start(
    modules: tuple,
    whole: Batch,
    sums: PairSums,
    graphs: Graphs,
    *,
    statistics: bool,
    conditional: bool,
) -> Array:
    return modules[0](pair_features(whole, sums, statistics, conditional, graphs))


@_compiled()
def _reason(
    modules: tuple, z: Array, outer_bxy: Array | None, count_bdd: Array | None, variables_bd: Array
) -> Array:
    outer, triangle, transition = modules
    pairs_bdd = variables_bd[:, :, None] & variables_bd[:, None, :]
    variables_b = jnp.maximum(variables_bd.sum(-1), 1).astype(jnp.float32)
    if outer is not None:
        z = z + outer.read(outer_bxy, count_bdd).astype(z.dtype)
    return transition(triangle(z, pairs_bdd, variables_b))


@_compiled()
def _update(modules: tuple, s: Array, z: Array, chunk: Batch) -> tuple[Array, Array]:
    update, outer = modules
    s = update(s, z, chunk.variables_bd)
    return s, outer.sums(s, chunk.observed_bnd.swapaxes(1, 2))


@_compiled()
def _read(modules: tuple, z: Array, outer_bxy: Array, count_bdd: Array) -> Array:
    return z + modules[0].read(outer_bxy, count_bdd).astype(z.dtype)


@_compiled()
def _finish(modules: tuple, z: Array) -> Array:
    norm, head = modules
    return head(norm(z)).astype(jnp.float32)
