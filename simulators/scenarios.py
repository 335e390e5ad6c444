"""Named, frozen distributions for evaluation, each with its source and its sizes.

They are parts of this project's prior, drawn in JAX, and published benchmarks, drawn in NumPy
(`simulators.benchmarks`).
"""

from __future__ import annotations

import dataclasses
import difflib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np

from simulators.benchmarks import BENCHMARKS, Benchmark, NetworkError, Table, draw_table
from simulators.columns import CONTINUOUS
from simulators.held_out import HELD_OUT, held_out_prior
from simulators.prior import (
    InterventionWeights,
    MechanismWeights,
    MissingWeights,
    NoiseWeights,
    Prior,
)
from simulators.scm import Dataset, simulate_batch
from simulators.wide import wide

# Training folds the step into key(seed); evaluation folds this first, so the streams never meet.
EVALUATION_STREAM = 0x5CE7A810


class ScenarioError(KeyError):
    """No scenario of that name."""

    def __str__(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True)
class Scenario:
    """A distribution over datasets that does not change once published.

    Exactly one of `prior` and `benchmark` says how it is drawn.
    """

    name: str
    description: str
    source: str
    prior: Prior | None = None
    benchmark: Benchmark | None = None
    variables: tuple[int, ...] = (10,)  # sizes at which results are published, the main one first
    rows: int = 200
    datasets: int = 30  # of each size
    interventional: bool = False  # whether rows with known targets are promised
    needs_network: bool = False  # `sample` must be given the file of a network


def _pure(mechanism: str, noise: str, interventional: bool) -> Prior:
    zero_mechanisms = {f.name: 0.0 for f in dataclasses.fields(MechanismWeights)}
    zero_noise = {f.name: 0.0 for f in dataclasses.fields(NoiseWeights)}
    return Prior(
        mechanisms=MechanismWeights(**{**zero_mechanisms, mechanism: 1.0}),
        noise=NoiseWeights(**{**zero_noise, noise: 1.0}),
        missing=MissingWeights(none=1.0, completely_at_random=0.0),
        interventions=InterventionWeights(0.0, 1.0, 1.0)
        if interventional
        else InterventionWeights(1.0, 0.0, 0.0),
    )


def _first_slice() -> dict[str, Scenario]:
    own = "this project's prior"
    found = {
        "mixture": Scenario("mixture", "the training prior, all components mixed", own, Prior())
    }
    for mechanism in ("linear", "rff", "mlp"):
        for noise in ("gaussian", "laplace"):
            for interventional in (False, True):
                name = f"{mechanism}-{noise}" + "-interventional" * interventional
                rows = "known hard interventions" if interventional else "observational rows"
                text = f"{mechanism} mechanisms, {noise} noise, {rows}, complete tables"
                prior = _pure(mechanism, noise, interventional)
                found[name] = Scenario(name, text, own, prior, interventional=interventional)
    return found


def _combinations() -> dict[str, Scenario]:
    """Each combination that the wide prior never draws, and a neighbour with another noise that it
    does: a network that is worse on the first than on the second has learnt combinations by heart.
    """
    found = {}
    for place, (graph, mechanism, noise) in enumerate(HELD_OUT):
        others = [HELD_OUT[(place + step) % len(HELD_OUT)][2] for step in range(1, len(HELD_OUT))]
        seen = next(n for n in others if (graph, mechanism, n) not in HELD_OUT)
        for kind, drawn in (("held-out", noise), ("seen", seen)):
            parts = (graph, mechanism, drawn)
            name = f"{kind}-{'-'.join(parts).replace('_', '-')}"
            rare = "never" if kind == "held-out" else "sometimes"
            text = f"{' x '.join(parts)}, which the wide prior {rare} draws"
            prior = held_out_prior(parts, wide())
            found[name] = Scenario(name, text, "this project's prior", prior, rows=500)
    return found


def _published(found: Benchmark) -> Scenario:
    return Scenario(
        name=found.name,
        description=found.description,
        source=found.source,
        benchmark=found,
        variables=found.variables,
        rows=found.rows,
        datasets=found.datasets,
        interventional=found.interventional,
        needs_network=found.needs_network,
    )


OWN: dict[str, Scenario] = _first_slice()
PUBLISHED: dict[str, Scenario] = {name: _published(b) for name, b in BENCHMARKS.items()}
COMBINED: dict[str, Scenario] = _combinations()
SCENARIOS: dict[str, Scenario] = OWN | COMBINED | PUBLISHED


def scenario(name: str) -> Scenario:
    """The scenario of that name.

    Raises:
        ScenarioError: there is none; the message suggests the nearest.
    """
    if name in SCENARIOS:
        return SCENARIOS[name]
    near = difflib.get_close_matches(name, SCENARIOS, n=1, cutoff=0.4)
    others = f"choose one of {', '.join(OWN)}, or of {len(PUBLISHED)} published benchmarks"
    hint = f"did you mean {near[0]!r}?" if near else others
    raise ScenarioError(f"no scenario is named {name!r}; {hint}")


@partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _draw(key: jax.Array, prior: Prior, b: int, n: int, d: int) -> Dataset:
    return simulate_batch(key, prior, b, n, d)


def sample(
    name: str, count: int, n: int, d: int, seed: int, networks: tuple[Path, ...] = ()
) -> list[Dataset]:
    """`count` datasets of exactly n rows and d variables, as NumPy arrays.

    The datasets depend on (name's distribution, n, d, seed) alone, and the first k are the same
    for every `count` >= k.

    Args:
        name: a key of `SCENARIOS`.
        count: datasets.
        n: rows.
        d: variables.
        seed: the same seed gives the same datasets.
        networks: files of the networks whose parts are the graphs, for a scenario that
            `needs_network`.

    Raises:
        ScenarioError: there is no scenario of that name.
        NetworkError: networks are missing, or given to a scenario that uses none.
        EdgeListError: a network cannot be read or has fewer than d variables.
    """
    found = scenario(name)
    if found.benchmark is not None:
        drawn = (draw_table(found.benchmark, n, d, seed, k, networks) for k in range(count))
        return [_dataset(table) for table in drawn]
    if networks:
        raise NetworkError(f"scenario {name!r} uses no network")
    assert found.prior is not None  # a scenario is a benchmark or a prior
    return sample_prior(found.prior, count, n, d, seed)


def sample_prior(prior: Prior, count: int, n: int, d: int, seed: int) -> list[Dataset]:
    """As `sample`, from a prior: that of a checkpoint's training, say."""
    key = jax.random.fold_in(jax.random.key(seed), EVALUATION_STREAM)
    chunk = 8
    out: list[Dataset] = []
    for start in range(0, count, chunk):
        batch = _draw(jax.random.fold_in(key, start), prior, chunk, n, d)
        arrays = [np.asarray(a) for a in batch]
        out += [Dataset(*(a[k] for a in arrays)) for k in range(chunk)]
    return out[:count]


def _dataset(table: Table) -> Dataset:
    """The table as a dataset without padding, missing cells or hidden variables."""
    n, d = table.values_nd.shape
    fields: dict[str, Any] = {
        "values": table.values_nd.astype(np.float32),
        "observed": np.ones((n, d), bool),
        "intervened": table.intervened_nd,
        "graph": table.graph_dd,
        "rows": np.ones(n, bool),
        "variables": np.ones(d, bool),
        "confounded": np.zeros((d, d), bool),
        "kind": np.full(d, CONTINUOUS, np.int32),
        "regime": np.zeros(n, bool),
    }
    return Dataset(**fields)
