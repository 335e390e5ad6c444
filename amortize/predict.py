"""From a table to a causal graph: finds a checkpoint, runs the network, returns the result.

JAX is imported when a network is first loaded, so that wrong input is refused at once.
"""

from __future__ import annotations

import platform
from collections.abc import Callable, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from amortize import heavy_tails
from amortize.assumptions import assumptions_of
from amortize.bundled import resolve
from amortize.enquiry import Enquiry, enquire, readable, unread_warnings
from amortize.errors import DataError, UsageError
from amortize.graph import CausalGraph
from amortize.inputs import Inputs, read
from amortize.knowledge import FORBIDDEN, REQUIRED
from amortize.mismatch import Bin, Mismatch, load_reference, mismatch
from amortize.posterior import check_threshold, conditioned
from amortize.ranges import range_warnings, trained_missing_rate
from amortize.stability import check_subsets, found_again, half_samples
from amortize.table import Table

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from amortize.checkpoint import Checkpoint
    from amortize.forward import Answer

ALWAYS_READ = ("values", "observed", "intervened")  # of a card that does not list its inputs


class Predictor:
    """A trained network with its configuration and card. Made by `load`."""

    def __init__(self, checkpoint: Checkpoint, name: str, reference: Sequence[Bin] = ()) -> None:
        from amortize.forward import Forward

        self.name = name
        self.config = checkpoint.config
        self.card: dict[str, Any] = checkpoint.card
        self.inputs = frozenset(self.card.get("inputs", ALWAYS_READ))
        self.outputs = frozenset(self.card.get("outputs", ("edges",)))
        self.reference = list(reference)  # traits of the training tables, where the folder has them
        self._forward = Forward(checkpoint.config.model, checkpoint.params)

    def predict(
        self,
        x: ArrayLike | pd.DataFrame | Table,
        interventions: ArrayLike | pd.DataFrame | None = None,
        names: Sequence[str] | None = None,
        knowledge: object = None,
        regime: ArrayLike | None = None,
        kinds: Sequence[str] | None = None,
        threshold: float = 0.5,
        stability: int = 0,
        max_rows: int | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> CausalGraph:
        """The causal graph of one table.

        Args:
            x: array [n, d] with NaN for missing, a DataFrame, or a `Table`.
            interventions: 0/1 of the same shape; 1 = the cell was set by the experimenter.
            names: d names; the default is the frame's, or x0, x1, ...
            knowledge: background knowledge in any form that `knowledge_matrix` takes: a
                `Knowledge`, a dict with its fields, an array [d, d] of 0 (unknown), 1 (forbidden)
                and 2 (required), or causal-learn's object. It holds in the result with certainty.
            regime: 0/1 [n]; 1 = the row comes from an experiment with unknown target.
            kinds: "continuous", "ordinal" or "binary" for each variable, in place of what the
                table's own report says.
            threshold: probability from which a pair counts as adjacent in the result.
            stability: number of random halves of the rows in which every edge is looked for again;
                0 = none.
            max_rows: read only so many rows, drawn at random; the default reads all.
            progress: is told the share of the work done, from 0 to 1.

        Raises:
            DataError: the table, the mask, the regime or the knowledge cannot be used.
            UsageError: kinds, threshold, stability or max_rows are not as described.
        """
        asked = enquire(x, interventions, names, knowledge, regime, kinds, max_rows)
        return self._graphs([asked], threshold, stability, progress)[0]

    def predict_many(
        self,
        tables: Sequence[ArrayLike | pd.DataFrame | Table],
        interventions: Sequence[ArrayLike | pd.DataFrame | None] | None = None,
        knowledge: Sequence[object] | None = None,
        regime: Sequence[ArrayLike | None] | None = None,
        threshold: float = 0.5,
        stability: int = 0,
        progress: Callable[[float], None] | None = None,
    ) -> list[CausalGraph]:
        """The causal graphs of many tables of any shapes, those of similar shape in one pass.

        Args:
            tables: as `x` of `predict`.
            interventions: one mask or None for each table, as in `predict`.
            knowledge: one or None for each table.
            regime: one or None for each table.
            threshold: as in `predict`.
            stability: as in `predict`.
            progress: as in `predict`.

        Raises:
            DataError: a table cannot be used; the message says which, counted from 1.
            UsageError: a list is not as long as the tables, or as in `predict`.
        """
        beside: list[Sequence] = []
        given = {"interventions": interventions, "knowledge": knowledge, "regime": regime}
        for name, values in given.items():
            if values is not None and len(values) != len(tables):
                raise UsageError(
                    f"{name} has {len(values)} entries for {len(tables)} tables; give one "
                    "(or None) for each"
                )
            beside.append([None] * len(tables) if values is None else values)
        asked = []
        for place, (x, mask, known, regime_n) in enumerate(
            zip(tables, *beside, strict=True), start=1
        ):
            try:
                asked.append(enquire(x, mask, knowledge=known, regime=regime_n))
            except DataError as error:
                raise DataError(f"table {place} of {len(tables)}: {error}") from error
        return self._graphs(asked, threshold, stability, progress)

    def probabilities(
        self,
        x_bnd: np.ndarray,
        observed_bnd: np.ndarray | None = None,
        intervened_bnd: np.ndarray | None = None,
        regime_bn: np.ndarray | None = None,
        kind_bd: np.ndarray | None = None,
        knowledge_bdd: np.ndarray | None = None,
    ) -> np.ndarray:
        """Edge probabilities of b tables of equal shape, float32 [b, d, d]; as `answers`."""
        given = (observed_bnd, intervened_bnd, regime_bn, kind_bd, knowledge_bdd)
        b, _, d = np.shape(x_bnd)
        answers = self.answers(x_bnd, *given)
        return np.stack([a.edges_dd for a in answers]) if b else np.zeros((0, d, d), np.float32)

    def answers(
        self,
        x_bnd: np.ndarray,
        observed_bnd: np.ndarray | None = None,
        intervened_bnd: np.ndarray | None = None,
        regime_bn: np.ndarray | None = None,
        kind_bd: np.ndarray | None = None,
        knowledge_bdd: np.ndarray | None = None,
    ) -> list[Answer]:
        """Probabilities of edges and of hidden common causes for b tables of equal shape.

        What the network was not trained to read is left out; knowledge is not enforced.

        Args:
            x_bnd: [b, n, d] in any units; NaN counts as missing.
            observed_bnd: [b, n, d] bool, False = missing. Default: the cells that are not NaN.
            intervened_bnd: [b, n, d] bool, True = set by a known intervention. Default: none.
            regime_bn: [b, n] bool, True = row of an experiment with unknown target.
            kind_bd: [b, d] int32, kinds of amortize.batch.
            knowledge_bdd: [b, d, d] int32, background knowledge as in amortize.batch.
        """
        x_bnd = np.asarray(x_bnd, dtype=np.float64)
        given = (observed_bnd, intervened_bnd, regime_bn, kind_bd, knowledge_bdd)
        tables = [
            readable(
                read(x_bnd[k], *(None if part is None else part[k] for part in given)), self.inputs
            )
            for k in range(len(x_bnd))
        ]
        return heavy_tails.answer(self._forward, tables)

    def _mismatch(self, inputs: Inputs) -> Mismatch | None:
        """How unlike the training tables a table is; None for one shorter than any of them."""
        fewest = min((bin.rows[0] for bin in self.reference), default=np.inf)
        return mismatch(self.reference, inputs) if len(inputs.values_nd) >= fewest else None

    def _graphs(
        self,
        asked: list[Enquiry],
        threshold: float,
        stability: int,
        progress: Callable[[float], None] | None,
    ) -> list[CausalGraph]:
        check_threshold(threshold)
        for enquiry in asked:
            check_subsets(stability, len(enquiry.inputs.values_nd))
        started = perf_counter()
        tables = [readable(enquiry.inputs, self.inputs) for enquiry in asked]
        halves = [half for table in tables for half in half_samples(table, stability)]
        answers = heavy_tails.answer(self._forward, tables + halves, progress)
        seconds = (perf_counter() - started) / max(len(asked), 1)
        graphs = []
        for k, enquiry in enumerate(asked):
            first = len(asked) + k * stability
            again = answers[first : first + stability]
            graphs.append(self._graph(enquiry, answers[k], again, threshold, seconds))
        return graphs

    def _graph(
        self,
        enquiry: Enquiry,
        answer: Answer,
        halves: list[Answer],
        threshold: float,
        seconds: float,
    ) -> CausalGraph:
        table, inputs, known_dd, told = enquiry
        most_missing = trained_missing_rate(self.config.prior)
        told = told + range_warnings(inputs.observed_nd, self.card.get("ranges", {}), most_missing)
        told += unread_warnings(enquiry, self.inputs)
        unlike = self._mismatch(inputs)
        if unlike is not None and unlike.warning is not None:
            told.append(unlike.warning)
        run = self._record(enquiry, len(halves), seconds)
        run["mismatch_p_value"] = None if unlike is None else round(unlike.p_value, 4)
        again = [conditioned(_placed(half.edges_dd, table.usable), known_dd) for half in halves]
        hidden_dd = _placed(answer.confounded_dd, table.usable)
        return CausalGraph(
            probabilities=conditioned(_placed(answer.edges_dd, table.usable), known_dd),
            names=table.names,
            threshold=threshold,
            checkpoint=self.name,
            columns=tuple(table.columns),
            warnings=tuple(told),
            run=run,
            assumptions=assumptions_of(self.outputs),
            confounded=hidden_dd if "confounded" in self.outputs else None,
            stability=found_again(again, threshold) if halves else None,
        )

    def _record(self, enquiry: Enquiry, halves: int, seconds: float) -> dict:
        import jax

        from amortize.compilation import versions

        table, inputs, known_dd, _ = enquiry
        return {
            "rows": len(table.values),
            "rows_read": len(inputs.values_nd),
            "intervened_cells": int(inputs.intervened_nd.sum()),
            "unknown_target_rows": int(inputs.regime_n.sum()),
            "required_edges": int((known_dd == REQUIRED).sum()),
            "forbidden_edges": int((known_dd == FORBIDDEN).sum()),
            "inputs_read": sorted(self.inputs),
            "stability_subsets": halves,
            "read_twice": heavy_tails.is_heavy_tailed(readable(inputs, self.inputs)),
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

    return Predictor(load_checkpoint(path), path.name, load_reference(path))


def _placed(part_dd: np.ndarray, usable_d: np.ndarray) -> np.ndarray:
    """A matrix over the usable variables as float64 over all of them, 0 elsewhere."""
    whole_dd = np.zeros((len(usable_d),) * 2)
    whole_dd[np.ix_(usable_d, usable_d)] = part_dd
    return whole_dd
