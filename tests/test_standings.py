"""Leaderboards and losses of methods that finished different datasets."""

import numpy as np
import pytest
from test_page import cell

from amortize import charts, standings
from amortize.board import BY_FIELD, from_json, to_json
from amortize.leaderboard import boards
from amortize.losses import largest, loss_cells, losses, verdict
from amortize.metrics import CalibrationBin

# (method, datasets finished, what it adds to the hardness of a dataset)
METHODS = (("amortize", 40, 0.5), ("pc", 40, 0.3), ("cam", 24, 0.6), ("golem", 2, 0.9))


def records(variables=20, late=0.3):
    """Later datasets are easier by `late`: a mean over the first of them is too low."""
    found = []
    random = np.random.default_rng(variables)
    hardness = [random.normal(0, 0.02) + late * (index >= 24) for index in range(40)]
    for method, count, skill in METHODS:
        for index in range(count):
            score = skill + hardness[index] + random.normal(0, 0.01)
            numbers = {"auprc": score, "f1": score, "auroc": score, "shd": 10 * (1 - score)}
            found.append(cell(method, index, variables=variables, **numbers))
    return found


@pytest.fixture(scope="module")
def found():
    return boards([*records(20), *records(5)])


def test_means_are_over_common_datasets(found):
    board = found[0]
    assert board.common == 24
    # By its own mean cam looks worse, though it is better on every dataset that it finished.
    assert board.mean("amortize", "auprc") > board.mean("cam", "auprc")
    assert board.fair("amortize", "auprc") < board.fair("cam", "auprc")
    assert np.isnan(board.fair("golem", "auprc")) and board.mean("golem", "auprc") > 0.8
    assert standings.best(board, BY_FIELD["auprc"]) == ["cam"]
    again = from_json(to_json(found))[0]
    assert again.fair("cam", "f1") == pytest.approx(board.fair("cam", "f1"), abs=1e-6)
    assert again.common == 24 and np.isnan(again.fair("golem", "f1"))


def test_the_summary_says_how_many(found):
    head, rows, whole = standings.summary(found)
    assert [row[0] for row in rows] == ["cam", "amortize", "pc", "golem"] and whole == 3
    assert head[-2:] == ["tables", "done"]
    by_name = {row[0]: row[-2:] for row in rows}
    assert by_name["cam"] == ["2/2", "48/48"] and by_name["golem"] == ["0/2", "4/4"]
    text = standings.basis(found)
    assert "finished: 24 in each of 2 tables" in text and "too few" in text
    assert "Not asked for: empty, random," in text and "cam," not in text


def test_a_table_without_a_comparison_is_named_and_left_out(found):
    alone = [r for r in records(10) if r["method"] == "amortize" or r["index"] < 2]
    every = [*found, *boards(alone)]
    head, rows, whole = standings.summary(every)
    assert whole == 3 and rows[0][head.index("tables")] == "2/2"
    assert "Not enough of them in bcnp-linear-er20 d=10 n=1000." in standings.basis(every)
    assert standings.families(every, BY_FIELD["f1"]) == standings.families(found, BY_FIELD["f1"])


def test_families_are_means_over_sizes(found):
    head, rows = standings.families(found, BY_FIELD["f1"])
    assert head == ["method", "bcnp-linear-er20", "mean"]
    ours = dict((row[0], row[1]) for row in rows)
    assert "golem" not in ours
    mean = np.mean([board.fair("amortize", "f1") for board in found])
    assert ours["amortize"] == f"{mean:.3f}"


def test_rivals_are_the_best_others(found):
    head, rows = standings.rivals(found, ("f1", "shd"))
    board = found[0]
    assert rows[0][:2] == ["bcnp-linear-er20 d=5 n=1000", "24"]
    assert rows[0][3:5] == [f"{board.fair('cam', 'f1'):.3f}", "cam"]
    assert rows[0][6:8] == [f"{board.fair('cam', 'shd'):.2f}", "cam"]
    assert len(head) == len(rows[0])


def test_pairs_use_all_that_both_finished(found):
    head, rows = standings.in_pairs(found)
    by_name = {row[0]: dict(zip(head, row, strict=True)) for row in rows}
    assert by_name["pc"]["pairs"] == "80" and by_name["cam"]["pairs"] == "48"
    assert (by_name["pc"]["better"], by_name["pc"]["worse"]) == ("2/2", "0/2")
    assert by_name["cam"]["SHD difference"].startswith("+")  # ours has more wrong edges
    assert (by_name["cam"]["better"], by_name["cam"]["worse"]) == ("0/2", "2/2")


def test_losses_name_the_better_method_and_by_how_much(found):
    lost = losses(found, ("auprc", "shd"))
    assert {loss.row.method for loss in lost} == {"cam"}  # golem: two pairs prove nothing
    assert [(loss.board.variables, loss.metric) for loss in lost] == [
        (5, "auprc"),
        (5, "shd"),
        (20, "auprc"),
        (20, "shd"),
    ]
    gap = lost[0].gap
    assert gap.first == pytest.approx(found[0].fair("amortize", "auprc"))
    assert gap.second == pytest.approx(found[0].fair("cam", "auprc"))
    _, (line, *_) = loss_cells(largest(lost))
    assert line[0] == "bcnp-linear-er20 d=5 n=1000" and line[2] == "cam" and line[6] == "24"
    assert line[5].startswith(("+0.09", "+0.10")) and line[5].count("+") == 3
    assert "AUPRC better in 2, worse in 2, undecided in 2 of 6" in verdict(found, ("auprc",))


def test_curves_together_are_bins_of_all_pairs():
    halves = [
        [CalibrationBin(0.1, 0.0, 30), CalibrationBin(0.8, 1.0, 10)],
        [CalibrationBin(0.2, 0.5, 30), CalibrationBin(0.9, 1.0, 10)],
    ]
    assert charts.pooled(halves, bins=1) == [pytest.approx(((3 + 6 + 8 + 9) / 80, 35 / 80))]
    two = charts.pooled(halves, bins=2)
    assert two[0] == pytest.approx((0.1, 0.0)) and two[1][0] > 0.2
