"""Runs the network on tables: pads them to few shapes, batches what fits, streams what does not.

Arrays in, arrays out; knows nothing of files, names or warnings.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from amortize import additive_sums
from amortize.additive_search import AdditiveGraphs
from amortize.batch import Batch, make_batch
from amortize.inputs import Inputs
from amortize.linear_graphs import Searched
from amortize.model import (
    ModelConfig,
    Params,
    confounded_probabilities,
    edge_probabilities,
    predict_logits,
)
from amortize.reading import (
    Ground,
    Reading,
    assemble,
    ground,
    read,
    search_additive,
    search_side_by_side,
    side_by_side,
)
from amortize.streaming import chunk_rows, stream_logits

# Shapes are padded up to these, so that few of them are ever compiled.
ROW_BUCKETS = (32, 64, 128, 256, 512, 1024, 2048)
ROW_STEP = 1024  # above the largest bucket
VARIABLE_BUCKETS = (4, 8, 12, 16, 20, 24, 32, 40, 48, 64, 80, 100, 128, 160, 200, 256)
VARIABLE_STEP = 64
BYTES_PER_CALL = 1 << 30  # rough size of the activations that one call may hold
BYTES_STREAMED = 1 << 29  # a single table beyond this is read in chunks of rows

Progress = Callable[[float], None]  # is told the share of the work that is done


class Answer(NamedTuple):
    """Probabilities between the d variables of one table, float32."""

    edges_dd: np.ndarray  # [i, j]: i causes j directly
    confounded_dd: np.ndarray  # symmetric: an unmeasured common cause


class Forward:
    """A network and its parameters; compiled programs are kept for tables of similar shape."""

    def __init__(self, config: ModelConfig, params: Params) -> None:
        # Blocks in a loop compile several times faster than written out, and run little slower;
        # bfloat16 is an accelerator's.
        on_cpu = jax.default_backend() == "cpu"
        self.config = dataclasses.replace(
            config, unroll=False, bfloat16=config.bfloat16 and not on_cpu
        )
        self._params = params
        self._call = jax.jit(partial(_probabilities, self.config), static_argnums=3)
        self._start = jax.jit(partial(_ground, self.config))
        self._end = jax.jit(partial(_searched_probabilities, self.config))

    def answer(self, tables: Sequence[Inputs], progress: Progress | None = None) -> list[Answer]:
        """What the network says of each table; those of similar shape go together."""
        groups: dict[tuple[int, int], list[int]] = {}
        for place, table in enumerate(tables):
            groups.setdefault(padded_shape(*table.values_nd.shape), []).append(place)
        told = progress or (lambda _: None)
        answers: dict[int, Answer] = {}
        for shape, places in groups.items():
            each = self.activation_bytes(*shape)
            if each > BYTES_STREAMED and self.config.architecture == "two_stream":
                for place in places:
                    done = len(answers)
                    answers[place] = self._stream(
                        tables[place], shape[1], lambda s, k=done: told((k + s) / len(tables))
                    )
                continue
            calls = -(-len(places) // max(1, BYTES_PER_CALL // each))
            size = -(-len(places) // calls)
            for start in range(0, len(places), size):
                some = places[start : start + size]
                found = self._together([tables[place] for place in some], (size, *shape))
                answers.update(zip(some, found, strict=True))
                told(len(answers) / len(tables))
        return [answers[place] for place in range(len(tables))]

    def activation_bytes(self, rows: int, variables: int) -> int:
        """Rough size of what one table of that shape needs at a time."""
        c = self.config
        if c.architecture != "two_stream":
            return 64 * c.axial.width * rows * variables
        per_pair = 48 * c.triangle_channels + 32 * c.pair_width + 8 * c.outer_channels**2
        return 32 * c.row_width * rows * variables + per_pair * variables**2

    def _together(self, tables: list[Inputs], shape: tuple[int, int, int]) -> list[Answer]:
        size, rows, variables = shape
        axes = {"n": rows, "d": variables}
        padded = [
            np.zeros((size, *(axes[axis] for axis in name.rpartition("_")[2])), stack[0].dtype)
            for name, stack in zip(Inputs._fields, zip(*tables, strict=True), strict=True)
        ]
        sizes_b2 = np.zeros((size, 2), np.int32)
        for k, table in enumerate(tables):
            sizes_b2[k] = table.values_nd.shape
            for whole, part in zip(padded, table, strict=True):
                whole[(k, *(slice(length) for length in part.shape))] = part
        many = variables > additive_sums.PER_TARGET
        experiments = many and any(bool(table.intervened_nd.any()) for table in tables)
        if self.config.architecture == "two_stream" and side_by_side(self.config, variables):
            found = self._apart(padded, sizes_b2, experiments)
        else:
            found = self._call(self._params, padded, sizes_b2, experiments)
        edges, confounded = (np.asarray(p, np.float32) for p in found)
        return [
            Answer(edges[k, :d, :d], confounded[k, :d, :d])
            for k, d in enumerate(table.values_nd.shape[1] for table in tables)
        ]

    def _apart(self, padded: list[np.ndarray], sizes_b2: np.ndarray, experiments: bool):
        batch, start = self._start(padded, sizes_b2)

        def additive():
            if start.filled is None or not self.config.additive_search:
                return None
            return _additive(batch, start.filled, experiments)

        both = search_side_by_side(self.config, start.totals, batch.variables_bd, additive)
        return self._end(self._params, batch, start, *both)

    def _stream(self, table: Inputs, variables: int, progress: Progress) -> Answer:
        rows = chunk_rows(self.config, variables)
        logits_bddk = stream_logits(self.config, self._params, table, rows, variables, progress)
        d = table.values_nd.shape[1]
        found = edge_probabilities(logits_bddk), confounded_probabilities(logits_bddk)
        return Answer(*(np.asarray(p, np.float32)[0, :d, :d] for p in found))


def padded_shape(n: int, d: int) -> tuple[int, int]:
    """The rows and variables that a table of that size is padded to."""
    return _bucket(n, ROW_BUCKETS, ROW_STEP), _bucket(d, VARIABLE_BUCKETS, VARIABLE_STEP)


def _bucket(size: int, buckets: tuple[int, ...], step: int) -> int:
    return next((bucket for bucket in buckets if bucket >= size), -(-size // step) * step)


_additive = jax.jit(search_additive, static_argnums=2)


def _batch(padded: list, sizes_b2: jax.Array) -> Batch:
    values_bnd, observed_bnd, intervened_bnd, regime_bn, kind_bd, knowledge_bdd = padded
    _, rows, variables = values_bnd.shape
    return make_batch(
        values_bnd,
        observed_bnd,
        intervened_bnd,
        rows_bn=jnp.arange(rows) < sizes_b2[:, :1],
        variables_bd=jnp.arange(variables) < sizes_b2[:, 1:],
        regime_bn=regime_bn,
        kind_bd=kind_bd,
        knowledge_bdd=knowledge_bdd,
    )


def _probabilities(
    config: ModelConfig, params: Params, padded: list, sizes_b2: jax.Array, experiments: bool
):
    batch = _batch(padded, sizes_b2)
    two_stream = config.architecture == "two_stream"
    return _answered(config, params, read(config, batch, experiments) if two_stream else batch)


def _ground(config: ModelConfig, padded: list, sizes_b2: jax.Array) -> tuple[Batch, Ground]:
    batch = _batch(padded, sizes_b2)
    return batch, ground(config, batch)


def _searched_probabilities(
    config: ModelConfig,
    params: Params,
    batch: Batch,
    start: Ground,
    searched: Searched | None,
    additive: AdditiveGraphs | None,
):
    return _answered(config, params, assemble(config, batch, start, searched, additive))


def _answered(config: ModelConfig, params: Params, reading: Batch | Reading):
    logits_bddk = predict_logits(config, params, reading)
    return edge_probabilities(logits_bddk), confounded_probabilities(logits_bddk)
