"""A run under a clock: it goes on after a kill, refuses another config, and its page is right."""

import sys
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
import equal_time
from curve import Progress, train

from amortize.config import tiny
from amortize.errors import UsageError


class Scores:
    """Stands for held-out datasets; says which parameters it was given."""

    def score(self, config, params) -> dict[str, float]:
        return {"loss": float(params["head"]["kernel"].sum()), "auprc": 0.5}


def every(number: int):
    return lambda before, after: after.step % number == 0


def until(step: int):
    return lambda records: records[-1]["step"] >= step


@pytest.fixture(scope="module")
def config():
    start = tiny()
    return replace(start, buckets=start.buckets[:1])


def test_a_run_in_two_parts_is_the_run_in_one(config, tmp_path):
    whole = train(config, tmp_path / "a", Scores(), every(2), until(4))
    train(config, tmp_path / "b", Scores(), every(2), until(2))
    parts = train(config, tmp_path / "b", Scores(), every(2), until(4))
    assert [(r["step"], r["held_out"]) for r in parts] == [
        (r["step"], r["held_out"]) for r in whole
    ]
    assert [r["datasets"] for r in parts] == [2 * 8, 4 * 8]
    assert 0 < parts[0]["core_seconds"] < parts[1]["core_seconds"]
    assert train(config, tmp_path / "b", Scores(), every(2), until(3)) == parts  # nothing to do
    with pytest.raises(UsageError, match="seed"):
        train(replace(config, seed=5), tmp_path / "b", Scores(), every(2), until(6))


def test_all_networks_train_on_the_same_tables():
    configs = [equal_time.config_of(name, 30, "muon:1e-3") for name in equal_time.MODELS]
    shapes = {(c.prior, c.questions, c.buckets[0].rows, c.buckets[0].variables) for c in configs}
    assert len(shapes) == 1
    assert [c.model.architecture for c in configs] == ["two_stream"] * 2 + ["axial"] * 2
    assert [c.model.searches for c in configs[:2]] == [0, 2]
    assert configs[2].model.axial == type(configs[2].model.axial)()  # AVICI's shape


def test_evaluations_are_due_where_the_clock_passes_a_mark():
    due = equal_time.passing([1.0, 5.0])
    at = [Progress(k, k, k) for k in (0.5, 1.0, 4.0, 5.5, 6.0)]
    assert [due(a, b) for a, b in pairwise(at)] == [True, False, True, False]


def test_the_page_says_when_the_first_passed_the_others():
    def records(name, *losses):
        return [
            {
                **{"network": name, "parameters": 7, "optimiser": "muon:1e-3", "step": k},
                **{"datasets": k, "core_seconds": 60.0 * k},
                "held_out": {"loss": loss, "auprc": 0.5},
            }
            for k, loss in enumerate(losses, 1)
        ]

    ours = records(equal_time.OURS, 0.9, 0.5, 0.3)
    searching = records(equal_time.SEARCHING, 0.7, 0.6, 0.61, 0.5)
    axial = records("axial", 0.9, 0.8, 0.6, 0.6)
    assert "| 50.0% |  |" in equal_time.page({10: ours + axial})
    assert "| 50.0% | 100.0% |" in equal_time.page({10: ours + searching + axial})
    text = equal_time.page({10: ours + records("axial", 0.2)})
    assert "not reached" in text
