"""What was aimed at: a target is called missed where one cell misses it."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))

import tables
import targets
from equal_time import share

from amortize.board import OURS, Board, Row


def board(scenario: str, variables: int = 5, **auprc: float) -> Board:
    rows = [
        Row(method.replace("_", "-"), "dag", {}, 9, 9, "", {"auprc": mean})
        for method, mean in auprc.items()
    ]
    return Board("D", scenario, 50, variables, "z-scored", 0, rows, {}, {}, {}, [], 9)


def test_the_table_is_current():
    assert tables.renew({"targets": targets.targets}, check=True) == []


def test_every_baseline_has_to_be_beaten():
    groups = targets.by_family(
        [
            board("tabcausal-pfn", 5, **{OURS: 0.6}, boss=0.3, pc=0.5),
            board("tabcausal-pfn", 20, **{OURS: 0.4}, boss=0.4, pc=0.4),
            board("tabcausal-gp-hard-interventional", 5, **{OURS: 0.9}, boss=0.1),
            board("alone", 5, **{OURS: 0.9}),
        ]
    )
    assert list(groups) == ["tabcausal-pfn", "tabcausal-gp-hard"]
    assert [(name, ok) for name, *_, ok in targets.rivals(groups, "auprc")] == [
        ("pfn", True),
        ("gp-hard", True),
    ]
    groups["tabcausal-pfn"].append(board("tabcausal-pfn", 10, **{OURS: 0.1}, boss=0.2, pc=0.9))
    cells = targets.rivals(groups, "auprc")
    assert cells[0] == ("pfn", pytest.approx(1.1 / 3), "pc", pytest.approx(0.6), False)
    text, reached = targets.summed(cells)
    assert text == "1 of 2, mean 0.633; behind: pfn 0.367 (pc 0.600)"
    assert not reached


@pytest.mark.parametrize(
    ("ours", "boss", "pc", "reached"),
    [(0.95, 0.96, 0.9, True), (0.93, 0.96, 0.9, False), (0.95, 0.96, 0.955, False)],
)
def test_a_specialist_may_be_a_little_ahead_in_its_own_regime(ours, boss, pc, reached):
    groups = {"tabcausal-linear-gauss": [board("", **{OURS: ours}, boss=boss, pc=pc)]}
    [cell] = targets.rivals(groups, "auprc")
    assert cell[-1] == reached
    [strict] = targets.rivals(groups, "auprc", specialists=False)
    assert not strict[-1]


def test_the_share_of_time_is_that_after_which_the_loss_stays_low():
    def record(network: str, seconds: float, loss: float) -> dict:
        return {"network": network, "core_seconds": seconds, "held_out": {"loss": loss}}

    last = record("axial", 100.0, 0.5)
    ours = [record("ours", s, loss) for s, loss in ((1, 0.4), (2, 0.6), (4, 0.5), (8, 0.3))]
    assert share(ours, "ours", last) == 0.04
    assert share(ours[:2], "ours", last) == float("inf")
    assert share(ours, "other", last) is None
