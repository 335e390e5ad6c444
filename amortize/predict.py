"""From a table to a causal graph: finds a checkpoint, runs the network, returns the result.

JAX is imported when a network is first loaded, so that wrong input is refused at once.
"""

import platform
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from amortize.bundled import resolve
from amortize.errors import DataError, UsageError, listing
from amortize.graph import ASSUMPTIONS, CausalGraph
from amortize.interventions import check_interventions
from amortize.posterior import check_threshold
from amortize.table import Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike

    from amortize.checkpoint import Checkpoint

# Shapes are padded up to these, so that few of them are ever compiled.
ROW_BUCKETS = (32, 64, 128, 256, 512, 1024, 2048)
ROW_STEP = 1024  # above the largest bucket
VARIABLE_BUCKETS = (4, 8, 12, 16, 20, 24, 32, 48, 64, 96, 128)
VARIABLE_STEP = 64
BYTES_PER_CALL = 1 << 30  # rough size of the activations that one call may hold
BYTES_PER_CELL = 1 << 10
BYTES_PER_PAIR = 3 << 10


class Predictor:
    """A trained network with its configuration and card. Made by `load`."""

    def __init__(self, checkpoint: "Checkpoint", name: str) -> None:
        import jax
        import jax.numpy as jnp

        from amortize.batch import make_batch
        from amortize.model import edge_probabilities, predict_logits

        self.name = name
        self.config = checkpoint.config
        self.card: dict[str, Any] = checkpoint.card
        model_config = checkpoint.config.model

        def forward(params, values_bnd, observed_bnd, intervened_bnd, n, d):
            _, rows, variables = values_bnd.shape
            batch = make_batch(
                values_bnd,
                observed_bnd,
                intervened_bnd,
                rows_bn=jnp.broadcast_to(jnp.arange(rows) < n, values_bnd.shape[:2]),
                variables_bd=jnp.broadcast_to(jnp.arange(variables) < d, values_bnd.shape[::2]),
            )
            return edge_probabilities(predict_logits(model_config, params, batch))

        self._params = checkpoint.params
        self._forward = jax.jit(forward)

    def predict(
        self,
        x: "ArrayLike | pd.DataFrame | Table",
        interventions: "ArrayLike | pd.DataFrame | None" = None,
        names: "Sequence[str] | None" = None,
        knowledge: object = None,
        threshold: float = 0.5,
    ) -> CausalGraph:
        """The causal graph of one table.

        Args:
            x: array [n, d] with NaN for missing, a DataFrame, or a `Table`.
            interventions: 0/1 of the same shape; 1 = the cell was set by the experimenter.
            names: d names; the default is the frame's, or x0, x1, ...
            knowledge: background knowledge. Not yet supported; must be None.
            threshold: probability from which a pair counts as adjacent in the result.

        Raises:
            DataError: the table or the mask cannot be used.
            UsageError: knowledge is given, or the threshold is not above 0 and up to 1.
        """
        if knowledge is not None:
            raise UsageError("background knowledge is not yet supported; leave knowledge=None")
        check_threshold(threshold)
        started = perf_counter()
        table = _as_table(x, names)
        intervened = None
        if interventions is not None:
            intervened = check_interventions(interventions, table)
        usable = table.usable
        part = self.probabilities(
            table.values[None, :, usable],
            intervened_bnd=None if intervened is None else intervened[None, :, usable],
        )[0]
        probabilities = np.zeros((len(usable), len(usable)))
        probabilities[np.ix_(usable, usable)] = part
        return CausalGraph(
            probabilities=probabilities,
            names=table.names,
            threshold=threshold,
            checkpoint=self.name,
            columns=tuple(table.columns),
            warnings=tuple(table.warnings + self._range_warnings(table)),
            run=self._record(table, intervened, perf_counter() - started),
            assumptions=ASSUMPTIONS,
        )

    def probabilities(
        self,
        x_bnd: np.ndarray,
        observed_bnd: np.ndarray | None = None,
        intervened_bnd: np.ndarray | None = None,
    ) -> np.ndarray:
        """Edge probabilities of b tables of equal shape, arrays in, float32 [b, d, d] out.

        Args:
            x_bnd: [b, n, d] in any units; NaN counts as missing.
            observed_bnd: [b, n, d] bool, False = missing. Default: the cells that are not NaN.
            intervened_bnd: [b, n, d] bool, True = set by a known intervention. Default: none.
        """
        x_bnd = np.asarray(x_bnd, dtype=np.float64)
        observed_bnd = ~np.isnan(x_bnd) if observed_bnd is None else observed_bnd & ~np.isnan(x_bnd)
        if intervened_bnd is None:
            intervened_bnd = np.zeros(x_bnd.shape, dtype=bool)
        z_bnd = _standardised(x_bnd, observed_bnd)
        b, n, d = x_bnd.shape
        rows = _bucket(n, ROW_BUCKETS, ROW_STEP)
        variables = _bucket(d, VARIABLE_BUCKETS, VARIABLE_STEP)
        each = BYTES_PER_CELL * rows * variables + BYTES_PER_PAIR * variables**2
        calls = -(-b // max(1, BYTES_PER_CALL // each))
        size = -(-b // max(1, calls))
        answers = []
        for start in range(0, b, size):
            cut = slice(start, start + size)
            shape = (size, rows, variables)
            inputs = (z_bnd[cut], observed_bnd[cut], intervened_bnd[cut])
            p_bdd = self._forward(self._params, *(_padded(part, shape) for part in inputs), n, d)
            answers.append(np.asarray(p_bdd, dtype=np.float32)[: len(z_bnd[cut]), :d, :d])
        return np.concatenate(answers) if answers else np.zeros((0, d, d), np.float32)

    def _range_warnings(self, table: Table) -> list[str]:
        """Sentences on where the table lies outside what the network was trained on."""
        found = []
        sizes = {"rows": len(table.values), "variables": int(table.usable.sum())}
        for noun, size in sizes.items():
            low, high = self.card.get("ranges", {}).get(noun, (0, np.inf))
            if not low <= size <= high:
                found.append(
                    f"The table has {size} {noun}, the network was trained on {low} to {high}: "
                    "its probabilities may be off."
                )
        binary = [column.name for column in table.columns if column.use == "binary"]
        if binary:
            found.append(
                f"The two-level column(s) {listing(binary)} are read as numbers: the network was "
                "trained on continuous variables."
            )
        return found

    def _record(self, table: Table, intervened: np.ndarray | None, seconds: float) -> dict:
        import jax

        from amortize.compilation import versions

        return {
            "rows": len(table.values),
            "intervened_cells": 0 if intervened is None else int(intervened.sum()),
            "network_seconds": round(seconds, 3),
            "checkpoint_step": self.card.get("step"),
            "device": str(jax.devices()[0]),
            "versions": {**versions(), "python": platform.python_version()},
        }


def load(name_or_path: str | Path | None = None) -> Predictor:
    """A trained network: the bundled default, a bundled one by name, or a checkpoint's folder.

    Raises:
        DataError: there is no such checkpoint, or it cannot be read.
    """
    path = resolve(name_or_path)
    from amortize import compilation
    from amortize.checkpoint import load_checkpoint

    compilation.enable_cache()

    return Predictor(load_checkpoint(path), path.name)


def _as_table(x: Any, names: "Sequence[str] | None") -> Table:
    if isinstance(x, Table):
        return x
    if isinstance(x, pd.DataFrame):
        if names is not None:
            if len(names) != x.shape[1]:
                raise DataError(f"{len(names)} names were given for {x.shape[1]} columns")
            x = x.set_axis(list(names), axis=1)
        return Table.from_frame(x)
    return Table.from_array(x, names)


def _standardised(x_bnd: np.ndarray, observed_bnd: np.ndarray) -> np.ndarray:
    """Float32 z-scores, computed in float64: a large offset (a year, a time stamp) would
    otherwise eat the digits that vary.
    """
    count = np.maximum(observed_bnd.sum(axis=1, keepdims=True), 1)
    x = np.where(observed_bnd, x_bnd, 0.0)
    centred = np.where(observed_bnd, x - x.sum(axis=1, keepdims=True) / count, 0.0)
    largest = np.abs(centred).max(axis=1, keepdims=True, initial=0.0)
    centred = centred / np.where(largest > 0, largest, 1.0)
    deviation = np.sqrt((centred**2).sum(axis=1, keepdims=True) / count)
    return (centred / np.where(deviation > 0, deviation, 1.0)).astype(np.float32)


def _bucket(size: int, buckets: tuple[int, ...], step: int) -> int:
    return next((bucket for bucket in buckets if bucket >= size), -(-size // step) * step)


def _padded(part: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.pad(part, [(0, to - size) for to, size in zip(shape, part.shape, strict=True)])
