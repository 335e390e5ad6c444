"""Published benchmarks, regenerated from their settings in plain NumPy; one file each."""

from simulators.benchmarks import avici, bcnp, causcale, sergio, tabcausal
from simulators.benchmarks.benchmark import Benchmark, NetworkError, Table, draw_table

BENCHMARKS: dict[str, Benchmark] = {
    found.name: found
    for module in (avici, sergio, causcale, bcnp, tabcausal)
    for found in module.benchmarks()
}

__all__ = ["BENCHMARKS", "Benchmark", "NetworkError", "Table", "draw_table"]
