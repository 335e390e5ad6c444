"""Your own simulator: a JAX function of a key, or a Python generator of tables with their graphs.

A JAX function is `function(key, n, d)`, written with jax.numpy, and runs inside the compiled
training step. A generator is `function(rng, n, d)` with a NumPy generator, and yields as often as
it is asked; it runs in threads ahead of training. Both give (table, graph) or (table, graph,
intervened): [n, d] numbers, [d, d] with graph[i, j] true for i -> j, and [n, d] true for cells that
an experiment set. A generator's tables may be smaller than asked.
"""

from __future__ import annotations

import difflib
import importlib
import inspect
import itertools
import os
import sys
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import networkx as nx
import numpy as np
from jax import Array

from simulators.columns import BINARY, CONTINUOUS
from simulators.dataset import Dataset, real_sizes, shuffled
from simulators.recording import Recorded

Shape = tuple[int, int, int]  # datasets, rows, variables


class SimulatorError(ValueError):
    """A simulator that cannot be used; the message names it, the fault and what to do."""


@dataclass(frozen=True)
class Simulator:
    """A simulator and the name it goes by in messages."""

    name: str
    function: Callable[..., Any]

    @property
    def streams(self) -> bool:
        """Whether it is a Python generator, which runs outside of JAX."""
        return inspect.isgeneratorfunction(self.function)


def load_simulator(spec: str) -> Simulator:
    """The function named "module:function"; modules of the working directory are found.

    Raises:
        SimulatorError: there is no such module or function.
    """
    module_name, colon, name = spec.partition(":")
    if not (module_name and colon and name):
        raise SimulatorError(f"--simulator {spec}: write module:function, as in my_model:simulate")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise SimulatorError(f"--simulator {spec}: {error}; run where {error.name} is") from error
    except Exception as error:  # whatever a user's module does when it is read
        raise SimulatorError(f"--simulator {spec}: {module_name} {_raised(error)}") from error
    function = getattr(module, name, None)
    if not callable(function):
        near = difflib.get_close_matches(name, vars(module), n=1, cutoff=0.5)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise SimulatorError(f"--simulator {spec}: {module_name} has no function {name}{hint}")
    return Simulator(spec, function)


def check_simulator(simulator: Simulator, n: int, d: int, seed: int = 0, count: int = 3) -> None:
    """Draw a few datasets and look at them, before anything is trained on them.

    Raises:
        SimulatorError: a value is not finite, a graph has a cycle, a shape is wrong, a column is
            constant, or a JAX function cannot be compiled.
    """
    if simulator.streams:
        host_batch(simulator, (count, n, d), seed, 0)
        return
    drawn = jax.jit(lambda key: _as_triple(simulator, simulator.function(key, n, d)))
    for k in range(count):
        try:
            triple = drawn(jax.random.fold_in(jax.random.key(seed), k))
        except jax.errors.JAXTypeError as error:
            raise SimulatorError(
                f"simulator {simulator.name}: JAX cannot compile it "
                f"({str(error).splitlines()[0]}); write it with jax.numpy, or as a Python "
                "generator that yields tables"
            ) from error
        except SimulatorError:
            raise
        except Exception as error:  # whatever a user's function does
            raise SimulatorError(f"simulator {simulator.name}: it {_raised(error)}") from error
        values, graph, intervened = (np.asarray(part) for part in triple)
        _check(simulator.name, values, graph, intervened)
        if values.shape != (n, d):
            raise SimulatorError(
                f"simulator {simulator.name}: asked for {n} rows and {d} variables, it gave "
                f"{values.shape[0]} and {values.shape[1]}; a JAX function must give what is asked"
            )


def draw_batch(
    simulator: Simulator, key: Array, b: int, n: int, d: int, least_n: int | None = None
) -> Dataset:
    """`b` datasets of a JAX function (jittable); dataset k uses fold_in(key, k).

    Rows are cut to a number that is log-uniform in [least_n, n]; columns are shuffled. Every
    dataset has all d variables.
    """

    def one(k: Array) -> Dataset:
        key_k = jax.random.fold_in(key, k)
        k_own, k_rows, k_order = jax.random.split(key_k, 3)
        values, graph, intervened = _as_triple(simulator, simulator.function(k_own, n, d))
        values_nd = jnp.asarray(values, jnp.float32)
        active_n, _ = real_sizes(k_rows, k_rows, n, d, least_n, None)
        return shuffled(k_order, _recorded(values_nd, graph, intervened), jnp.arange(n) < active_n)

    return jax.vmap(one)(jnp.arange(b))


def blank_batch(shape: Shape) -> Dataset:
    """A batch of padding alone, as NumPy arrays with axis b first."""
    b, n, d = shape
    fields: dict[str, Any] = {
        "values": np.zeros((b, n, d), np.float32),
        "observed": np.zeros((b, n, d), bool),
        "intervened": np.zeros((b, n, d), bool),
        "graph": np.zeros((b, d, d), bool),
        "rows": np.zeros((b, n), bool),
        "variables": np.zeros((b, d), bool),
        "confounded": np.zeros((b, d, d), bool),
        "kind": np.full((b, d), CONTINUOUS, np.int32),
        "regime": np.zeros((b, n), bool),
    }
    return Dataset(**fields)


def host_batch(simulator: Simulator, shape: Shape, seed: int, step: int) -> Dataset:
    """The datasets of one step from a Python generator, padded, as NumPy arrays with axis b first.

    The generator is started anew with default_rng((seed, step)), so that a run which was killed
    goes on with the same data.

    Raises:
        SimulatorError: a dataset cannot be used, or there are too few.
    """
    b, n, d = shape
    rng = np.random.default_rng((seed, step))
    batch = blank_batch(shape)
    k = -1
    for k, result in enumerate(_results(simulator, rng, shape)):
        values, graph, intervened = (np.asarray(p) for p in _as_triple(simulator, result))
        _check(simulator.name, values, graph, intervened)
        rows, width = values.shape
        if rows > n or width > d:
            raise SimulatorError(
                f"simulator {simulator.name}: asked for at most {n} rows and {d} variables, it "
                f"gave {rows} and {width}; use the n and d that it is called with"
            )
        order = rng.permutation(width)  # the order of the columns must say nothing
        values, graph, intervened = values[:, order], graph[order][:, order], intervened[:, order]
        batch.values[k, :rows, :width] = values
        batch.observed[k, :rows, :width] = True
        batch.intervened[k, :rows, :width] = intervened
        batch.graph[k, :width, :width] = graph
        batch.rows[k, :rows] = True
        batch.variables[k, :width] = True
        two = [len(np.unique(column)) == 2 for column in values.T]
        batch.kind[k, :width] = np.where(two, BINARY, CONTINUOUS)
    if k + 1 < b:
        raise SimulatorError(
            f"simulator {simulator.name}: it stopped after {k + 1} of {b} datasets; let it yield "
            "in an endless loop"
        )
    return batch


def stream(
    simulator: Simulator,
    shapes: Iterable[Shape],
    seed: int,
    start: int = 0,
    ahead: int = 4,
    workers: int = 2,
) -> Iterator[Dataset]:
    """Batches of a Python generator for step `start` and on, made `ahead` of time by threads.

    Args:
        simulator: the generator.
        shapes: (datasets, rows, variables) of each step.
        seed: of the run; a batch depends on it, its step and its shape alone.
        start: the first step.
        ahead: batches in the making at most.
        workers: threads.
    """
    pool = ThreadPoolExecutor(workers, thread_name_prefix="simulator")
    pending: deque[Future[Dataset]] = deque()
    try:
        for step, shape in enumerate(shapes, start):
            pending.append(pool.submit(host_batch, simulator, shape, seed, step))
            if len(pending) >= ahead:
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


def _results(simulator: Simulator, rng: np.random.Generator, shape: Shape) -> Iterator[Any]:
    """At most the b results of a generator; what it raises becomes a SimulatorError."""
    b, n, d = shape
    try:
        yield from itertools.islice(simulator.function(rng, n, d), b)
    except Exception as error:  # whatever a user's generator does
        raise SimulatorError(f"simulator {simulator.name}: it {_raised(error)}") from error


def _raised(error: Exception) -> str:
    """What was raised and where: the deepest line outside of installed packages."""
    frames = [f for f in traceback.extract_tb(error.__traceback__) if f.line]
    own = [f for f in frames if not any(p in f.filename for p in ("site-packages", "<frozen"))]
    place = (own or frames)[-1:]
    where = "".join(f" at {Path(f.filename).name}, line {f.lineno}" for f in place)
    said = str(error).splitlines()
    if isinstance(error, SyntaxError):
        where, said = f" at {Path(error.filename or '').name}, line {error.lineno}", [error.msg]
    return f"raised {type(error).__name__}{where}" + (f": {said[0]}" if said else "")


def _as_triple(simulator: Simulator, result: Any) -> tuple[Any, Any, Any]:
    if not (isinstance(result, tuple) and len(result) in (2, 3)):
        what = "one array" if hasattr(result, "shape") else f"a {type(result).__name__}"
        raise SimulatorError(
            f"simulator {simulator.name}: it gave {what}; give (table, graph) or "
            "(table, graph, intervened)"
        )
    values, graph = result[:2]
    return values, graph, result[2] if len(result) == 3 else np.zeros(np.shape(values), bool)


def _recorded(values_nd: Array, graph: Array, intervened: Array) -> Recorded:
    n, d = values_nd.shape
    ends = (values_nd == values_nd.min(0)) | (values_nd == values_nd.max(0))
    return Recorded(
        values_nd,
        jnp.ones((n, d), bool),
        jnp.asarray(intervened, bool),
        jnp.zeros(n, bool),
        jnp.asarray(graph, bool),
        jnp.zeros((d, d), bool),
        jnp.where(ends.all(0), BINARY, CONTINUOUS).astype(jnp.int32),
        jnp.int32(d),
    )


def _check(name: str, values: np.ndarray, graph: np.ndarray, intervened: np.ndarray) -> None:
    """Refuse a dataset that nothing can be learnt from."""

    def refuse(fault: str) -> SimulatorError:
        return SimulatorError(f"simulator {name}: {fault}")

    if values.ndim != 2 or min(values.shape) < 2 or values.dtype.kind not in "fiub":
        raise refuse(
            f"the table has shape {values.shape} and type {values.dtype}; give numbers, rows by "
            "variables, two of each at least"
        )
    d = values.shape[1]
    if graph.shape != (d, d) or intervened.shape != values.shape:
        raise refuse(
            f"the table has shape {values.shape}, the graph {graph.shape}, intervened "
            f"{intervened.shape}; the graph must be {(d, d)} and intervened like the table"
        )
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise refuse(f"row {row}, column {column} of the table is {values[row, column]}")
    if not np.isin(graph, (0, 1)).all():
        odd = graph[~np.isin(graph, (0, 1))][0]
        raise refuse(f"the graph holds {odd}; write 1 for an edge and 0 for none")
    found = nx.from_numpy_array(graph.astype(bool), create_using=nx.DiGraph)
    if not nx.is_directed_acyclic_graph(found):
        steps = [edge[0] for edge in nx.find_cycle(found)]
        path = " -> ".join(str(v) for v in [*steps, steps[0]])
        raise refuse(f"the graph has the cycle {path}; it must be acyclic")
    constant = np.flatnonzero(np.ptp(values.astype(float), axis=0) == 0)
    if len(constant):
        value = values[0, constant[0]]
        raise refuse(f"column {constant[0]} is {value} in every row; a variable must vary")
