"""Classic and trivial baselines, each run in a worker process that can be killed.

`METHODS` holds them by name; `Worker` runs one on a table of numbers.
"""

from amortize.baselines.causallearn import CAUSALLEARN
from amortize.baselines.method import Method
from amortize.baselines.runner import Result, Worker
from amortize.baselines.trivial import TRIVIAL

METHODS: dict[str, Method] = {method.name: method for method in (*TRIVIAL, *CAUSALLEARN)}

__all__ = ["METHODS", "Method", "Result", "Worker"]
