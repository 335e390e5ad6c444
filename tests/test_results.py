"""How one answer is scored and how a cell is named."""

import json
import subprocess
import sys

import numpy as np
import pytest

from amortize import metrics
from amortize.errors import UsageError
from amortize.results import Results, array_hash, content_key
from amortize.score import score


def test_score_orients_in_favour_and_counts_the_help():
    truth = np.eye(4, k=1, dtype=bool)
    found = score(truth | truth.T, None, truth, "cpdag")
    assert (found["f1"], found["shd"], found["helped"], found["auprc"]) == (1, 0, 3, 1)
    symmetric = score(truth | truth.T, (truth | truth.T).astype(float), truth, "skeleton")
    assert symmetric["f1"] == 1 and symmetric["auprc"] == pytest.approx(0.5)
    p = 0.8 * truth
    network = score(truth, p, truth, "dag", True)
    assert network["log_probability"] == pytest.approx(metrics.log_probability(p, truth))
    assert network["helped"] == 0


def test_keys_depend_on_content_alone():
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key({"a": 1}) != content_key({"a": 2})
    assert array_hash(np.zeros(3)) != array_hash(np.zeros((3, 1)))
    assert array_hash(np.zeros(3)) != array_hash(np.zeros(3, np.float32))


def cell(key, **fields):
    place = {"scenario": "s", "rows": 1, "variables": 1, "seed": 0, "index": key, "method": "m"}
    return {"key": str(key), "status": "ok", "limit": 1.0, **place, **fields}


def test_programs_that_share_a_folder_see_each_other(tmp_path):
    one, other = Results(tmp_path, "1"), Results(tmp_path, "1")
    one.append(cell(1, f1=float("nan")))
    assert not other.finished("1", 1.0)
    other.refresh()
    assert other.finished("1", 1.0) and other.record("1")["f1"] is None
    other.append(cell(2))
    one.append(cell(3))
    assert [r["key"] for r in one.latest()] == ["1", "2", "3"]


def test_answers_to_a_table_that_has_changed_do_not_count(tmp_path):
    results = Results(tmp_path, "1")
    results.append(cell(1, table="old", method="pc"))
    results.append(cell(1, table="old", method="ges"))
    results.append(cell(2, table="other", method="pc"))
    assert len(results.latest()) == 3
    results.append(cell(1, table="new", method="ges"))
    assert [(r["method"], r["table"]) for r in results.latest()] == [
        ("ges", "new"),
        ("pc", "other"),
    ]


WRITER = """
import sys
from pathlib import Path
from amortize.results import Results
results = Results(Path(sys.argv[1]), "1")
for i in range(150):
    place = dict(scenario="s", rows=1, variables=1, seed=0, index=i, method=sys.argv[2])
    key = sys.argv[2] + str(i)
    results.append(dict(key=key, status="ok", limit=1.0, filler="x" * 9000, **place))
"""


def test_two_programs_never_tear_a_line(tmp_path):
    Results(tmp_path, "1")
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    both = [subprocess.Popen([*command, name]) for name in ("a", "b")]
    assert [program.wait() for program in both] == [0, 0]
    lines = (tmp_path / "results.jsonl").read_text().splitlines()
    keys = [json.loads(line)["key"] for line in lines]
    assert sorted(keys) == sorted(f"{name}{i}" for name in "ab" for i in range(150))


def test_a_time_out_is_tried_again_under_a_longer_limit_alone(tmp_path):
    results = Results(tmp_path, "1")
    for key, status in ((1, "timeout"), (2, "given up"), (3, "error"), (4, "not installed")):
        results.append(cell(key, status=status, limit=5.0))
    assert [results.finished(str(k), 5.0) for k in (1, 2, 3, 4)] == [True, True, True, False]
    assert [results.finished(str(k), 6.0) for k in (1, 2, 3, 4)] == [False, False, True, False]


def test_a_folder_of_another_version_is_not_touched(tmp_path):
    Results(tmp_path, "1").append(cell(1))
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UsageError, match=r"another version \(amortize 1, this is 2\)"):
        Results(tmp_path, "2")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before
