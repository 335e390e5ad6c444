"""Classic and trivial baselines, each run in a worker process that can be killed.

`METHODS` holds them by name, installed or not; `Worker` runs one on a table of numbers. `python -m
amortize.baselines` lists them. Importing this package imports none of their libraries.
"""

from amortize.baselines.additive import ADDITIVE
from amortize.baselines.constraint import CONSTRAINT
from amortize.baselines.dagma import DAGMA
from amortize.baselines.gcastle import GCASTLE
from amortize.baselines.lingam import LINGAM
from amortize.baselines.method import Method
from amortize.baselines.question import Answer, Question, make_question
from amortize.baselines.runner import Result, Worker
from amortize.baselines.scorebased import SCOREBASED
from amortize.baselines.sortregress import SORTREGRESS
from amortize.baselines.trivial import TRIVIAL

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        *TRIVIAL,
        *SORTREGRESS,
        *CONSTRAINT,
        *SCOREBASED,
        *LINGAM,
        *ADDITIVE,
        *GCASTLE,
        *DAGMA,
    )
}

__all__ = ["METHODS", "Answer", "Method", "Question", "Result", "Worker", "make_question"]
