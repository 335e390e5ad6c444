"""The evaluation program driven as a person would, with a fake network and a NumPy simulator."""

import dataclasses
import io
import json
import threading
import time
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from types import SimpleNamespace
from typing import ClassVar

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import evaluate
from amortize import contender, suite, sweep
from amortize.baselines.method import INSTALL_HINT
from amortize.baselines.runner import Result
from amortize.claims import Claims
from amortize.errors import DataError, UsageError
from amortize.leaderboard import boards
from amortize.results import Results
from amortize.sweep import Plan

QUICK = ("empty", "random", "correlation", "inverse-covariance")


class FakeModel:
    """Knows nothing: |correlation| / 2 in both directions, so a pair sums to at most 1."""

    def __init__(self, name="fake", scale=0.5):
        self.card = {"name": name}
        self.scale, self.calls, self.seen = scale, 0, []

    def probabilities(self, x_bnd, observed_bnd=None, intervened_bnd=None, **extra):
        self.calls += 1
        if observed_bnd is not None:
            self.seen.append((x_bnd[0], observed_bnd[0], intervened_bnd[0]))
        p = self.scale * np.abs(np.stack([np.corrcoef(x, rowvar=False) for x in x_bnd]))
        return p.astype(np.float32)


# A probe that identifies the parameters, and the first table once more, to compile.
EXTRA_CALLS = 2


def chain(random, n, d):
    """A linear chain 0 -> 1 -> ... whose variance grows."""
    values = random.normal(size=(n, d))
    for j in range(1, d):
        values[:, j] += 1.5 * values[:, j - 1]
    return values, np.eye(d, k=1, dtype=bool)


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    def sample(name, count, n, d, seed, networks=()):
        found = []
        for index in range(count):
            random = np.random.default_rng([seed, index, len(name)])
            values, graph = chain(random, n, d)
            observed = random.random((n, d)) > (0.1 if name == "mixture" else 0.0)
            intervened = np.zeros((n, d), bool)
            intervened[: n // 4, 0] = name == "mixture"
            values = np.where(observed, values, 0).astype(np.float32)
            found.append(
                SimpleNamespace(
                    values=values,
                    observed=observed,
                    intervened=intervened,
                    graph=graph,
                    regime=np.zeros(n, bool),
                    kind=np.zeros(d, int),
                )
            )
        return found

    monkeypatch.setattr(suite, "sample", sample)


@pytest.fixture(autouse=True, scope="module")
def workers():
    yield
    contender.dismiss()


def plan(out, scenarios=("linear-gaussian", "mixture"), datasets=3, raw=False, **changes):
    groups = tuple(suite.Group(name, 60, 5, datasets, raw) for name in scenarios)
    settings = {"methods": (contender.OURS, *QUICK), "out": out, "jobs": 2}
    return Plan((suite.Suite("test", "", groups),), **{**settings, **changes})


def run(a_plan, model=None):
    text = io.StringIO()
    model = model or FakeModel()
    sweep.run(a_plan, lambda _: model, Console(file=text, width=80))
    return text.getvalue(), model


def lines(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


# ------------------------------------------------------------------------------ the program


def test_every_cell_is_a_line_and_the_tables_hold_every_method(tmp_path):
    text, _ = run(plan(tmp_path))
    records = lines(tmp_path)
    assert len(records) == 2 * 3 * 5 and len({record["key"] for record in records}) == 30
    page = (tmp_path / "results.md").read_text()
    for name in (contender.OURS, *QUICK):
        assert f"| {name} |" in page and name in text
    for scenario in ("linear-gaussian", "mixture"):
        assert f"### {scenario}: 5 variables, 60 rows, seed 20000" in page
    for phrase in (
        "oriented in the method's favour",
        "expected calibration error",
        "Varsortability",
    ):
        assert phrase in page
    assert "…" not in text  # nothing is cut at 80 characters
    ours = next(r for r in records if r["method"] == "amortize")
    assert np.shape(ours["probabilities"]) == (5, 5)
    wanted = {"version", "settings", "source", "permutation_seed", "seconds", "memory", "uses"}
    for record in records:
        assert wanted <= set(record) and record["status"] == "ok"


def test_a_second_run_computes_nothing(tmp_path):
    _, first = run(plan(tmp_path))
    before = (tmp_path / "results.jsonl").read_bytes()
    _, again = run(plan(tmp_path))
    assert first.calls == 6 + EXTRA_CALLS and again.calls == 1  # the probe alone
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_a_killed_sweep_resumes_after_a_torn_line(tmp_path):
    run(plan(tmp_path))
    path = tmp_path / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    kept = path.read_bytes().count(b"\n")
    assert 0 < kept < 30
    run(plan(tmp_path))
    raw = path.read_text().splitlines()
    assert len(raw) == 31  # thirty cells and the torn piece
    assert raw[:kept] == whole.decode().splitlines()[:kept]
    for board in boards(Results(tmp_path, "0.1.0").latest()):
        assert [row.finished for row in board.methods] == [3] * 5


def test_two_sweeps_into_one_folder_run_every_cell_once(tmp_path):
    sweeps = [threading.Thread(target=run, args=(plan(tmp_path),)) for _ in range(2)]
    for one in sweeps:
        one.start()
    for one in sweeps:
        one.join()
    keys = [record["key"] for record in lines(tmp_path)]
    assert len(keys) == len(set(keys)) == 30


def test_a_cell_that_another_sweep_is_at_is_left_to_it_while_it_lives(tmp_path, monkeypatch):
    run(plan(tmp_path / "first"))
    taken = {record["key"] for record in lines(tmp_path / "first")[4:10]}
    other = Claims(tmp_path / "second")
    assert all(other.take(key) for key in taken)
    waits = []

    def wait(seconds):
        found = {record["key"] for record in lines(tmp_path / "second")}
        waits.append(len(found & taken))
        if len(waits) == 3:
            other.close()

    monkeypatch.setattr(sweep, "time", SimpleNamespace(sleep=wait, monotonic=time.monotonic))
    run(plan(tmp_path / "second"))
    assert waits == [0, 0, 0]
    assert len(lines(tmp_path / "second")) == 30


def test_other_parameters_or_more_datasets_are_other_cells(tmp_path):
    run(plan(tmp_path))
    _, same = run(plan(tmp_path, datasets=4))
    assert same.calls == 2 + EXTRA_CALLS
    _, other = run(plan(tmp_path), FakeModel(scale=0.4))
    assert other.calls == 6 + EXTRA_CALLS


def test_every_method_gets_the_same_permuted_standardised_table(tmp_path):
    _, model = run(plan(tmp_path))
    for values, observed, intervened in model.seen:
        assert observed.shape == intervened.shape == values.shape == (60, 5)
        np.testing.assert_allclose(values.mean(0), 0, atol=1e-9)
        for column, seen in zip(values.T, observed.T, strict=True):
            assert column[seen].std() == pytest.approx(1.0)
            assert not column[~seen].any()
    truths = {json.dumps(record["truth"]) for record in lines(tmp_path)}
    assert len(truths) > 1  # the chain's columns were shuffled
    assert any(intervened.any() for _, _, intervened in model.seen)


def test_raw_scale_keeps_the_columns_as_they_came(tmp_path):
    text, model = run(plan(tmp_path, scenarios=("linear-gaussian",), raw=True))
    spread = np.array([values.std(0) for values, _, _ in model.seen])
    assert spread.max() > 2 * spread.min() and "raw scale" in text
    run(plan(tmp_path, scenarios=("linear-gaussian",)))
    assert len(boards(Results(tmp_path, "0.1.0").latest())) == 2  # never mixed


def test_a_finished_cell_is_entered_in_another_suite_without_a_run(tmp_path):
    run(plan(tmp_path))
    again = plan(tmp_path)
    other = dataclasses.replace(again.suites[0], name="other")
    _, model = run(dataclasses.replace(again, suites=(other,)))
    assert model.calls == 1
    found = boards(Results(tmp_path, "0.1.0").latest())
    assert [board.suite for board in found] == ["test", "test", "other", "other"]
    for name in ("f1", "shd", "seconds"):
        assert found[0].mean("random", name) == found[2].mean("random", name)


class FakeWorker:
    """Answers from a table, keeps what it was asked."""

    answers: ClassVar = {
        "pc": Result("not installed", INSTALL_HINT),
        "ges": Result("timeout", "stopped after 2 s", 2.0),
    }
    asked: ClassVar = []

    def run(self, method, *arguments, **settings):
        self.asked.append(method.name)
        return self.answers[method.name]

    def close(self):
        pass


@pytest.fixture
def asked(monkeypatch):
    contender.dismiss()
    monkeypatch.setattr(contender, "Worker", FakeWorker)
    FakeWorker.asked.clear()
    yield FakeWorker.asked
    contender.dismiss()


def test_a_missing_library_and_a_time_out_stand_in_the_table(tmp_path, asked):
    one = {"scenarios": ("linear-gaussian",), "methods": ("pc", "ges"), "datasets": 2, "jobs": 1}
    text, _ = run(plan(tmp_path, limit=2.0, **one))
    page = (tmp_path / "results.md").read_text()
    assert "| ges | cpdag | - | - | - | - | - | - | - | 0/2 |" in page
    for line in (f"pc: 2 {INSTALL_HINT}", "ges: 2 timeout: stopped after 2 s"):
        assert line in page and line in text
    asked.clear()
    run(plan(tmp_path, limit=2.0, **one))
    assert asked == ["pc", "pc"]  # perhaps it is installed by now
    asked.clear()
    run(plan(tmp_path, limit=9.0, **one))
    assert asked == ["pc", "ges"] * 2  # a longer limit may be enough


def test_a_method_that_is_always_late_is_given_up(tmp_path, asked):
    one = {"scenarios": ("linear-gaussian",), "methods": ("ges",), "datasets": 6, "jobs": 1}
    run(plan(tmp_path, limit=2.0, **one))
    assert asked == ["ges"] * sweep.GIVE_UP
    statuses = [record["status"] for record in lines(tmp_path)]
    assert statuses.count("given up") == 6 - sweep.GIVE_UP
    assert "3 given up" in (tmp_path / "results.md").read_text()
    asked.clear()
    run(plan(tmp_path, limit=2.0, **one))
    assert asked == []
    run(plan(tmp_path, limit=4.0, **one))
    assert asked == ["ges"] * sweep.GIVE_UP


def test_real_data_that_are_absent_are_said_so(tmp_path, monkeypatch):
    monkeypatch.setattr(
        "amortize.wheels.files",
        lambda package: (_ for _ in ()).throw(PackageNotFoundError(package)),
    )
    group = suite.Group("ecoli70", 0, 0, 1)
    one = Plan((suite.Suite("real", "", (group,)),), methods=("empty",), out=tmp_path)
    text, _ = run(one)
    assert "ecoli70 is left out: pgmpy is not installed: pip install" in text.replace("\n", " ")


# -------------------------------------------------------------------------------- bad input


def invoke(*arguments):
    return CliRunner().invoke(evaluate.app, [str(a) for a in arguments])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["linear-gausian"], "no suite or scenario is named 'linear-gausian'; did you mean 'lin"),
        (["--methods", "direct-lingham"], "no method is named 'direct-lingham'; did you mean 'di"),
        (["--methods", "zzz"], "choose from amortize, empty"),
        (["--methods", ","], "--methods is empty"),
        (["D", "--only", "tabcausal-pfm"], "no scenario is named 'tabcausal-pfm'; did you mean 't"),
        (["yours"], "the suite yours needs --data FOLDER"),
        (["--data", "/nowhere"], "there is no folder '/nowhere'"),
        (["--report"], "--report needs --out"),
    ],
)
def test_wrong_names_are_one_line_and_status_2(arguments, message, tmp_path):
    result = invoke(*arguments, "--out", tmp_path / "out")
    assert result.exit_code == 2 and message in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_results_of_another_version_are_left_alone(tmp_path):
    (tmp_path / "run.json").write_text('{"format": 0, "amortize": "0.0.1"}')
    (tmp_path / "results.jsonl").write_text("old\n")
    result = invoke("linear-gaussian", "--methods", "empty", "--datasets", 1, "--out", tmp_path)
    assert result.exit_code == 2 and "another version (amortize 0.0.1" in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert (tmp_path / "results.jsonl").read_text() == "old\n"
    assert not (tmp_path / "results.md").exists()


def test_a_folder_that_is_a_file_or_not_ours(tmp_path):
    (tmp_path / "file").write_text("")
    assert invoke("--methods", "empty", "--out", tmp_path / "file").exit_code == 2
    (tmp_path / "results.jsonl").write_text("")
    assert invoke("--methods", "empty", "--out", tmp_path).exit_code == 2


def test_an_unknown_checkpoint_is_status_3_and_writes_nothing(tmp_path, monkeypatch):
    def load(name):
        raise DataError(f"no checkpoint is named {name}")

    monkeypatch.setattr(evaluate.amortize, "load", load, raising=False)
    result = invoke("--checkpoint", "nowhere", "--out", tmp_path / "out")
    assert result.exit_code == 3 and result.stderr.strip().endswith(
        "no checkpoint is named nowhere"
    )
    assert not (tmp_path / "out").exists()


def test_the_command_without_a_checkpoint(tmp_path):
    arguments = ["linear-gaussian", "--methods", "empty,random", "--datasets", 2]
    result = invoke(*arguments, "--variables", 4, "--rows", 30, "--out", tmp_path)
    assert result.exit_code == 0, result.output
    assert len(lines(tmp_path)) == 4


def test_suites_and_scenarios_are_asked_for_by_name():
    assert evaluate.suites_of([]) == (suite.SUITES["default"],)
    both = evaluate.suites_of(["mixture", "D", "D", "ecoli70"])
    assert [one.name for one in both] == ["scenarios", "D"]
    assert [group.scenario for group in both[0].groups] == ["mixture", "ecoli70"]
    assert len(both[1].groups) == 7 * 3
    with pytest.raises(UsageError):
        evaluate.suites_of(["nothing"])
    small = evaluate.resized(both[1], 2, None, 4)
    assert {(g.datasets, g.rows, g.variables) for g in small.groups} == {(2, 1000, 4)}
    assert evaluate.narrowed(both, []) == both
    (part,) = evaluate.narrowed(both, ["tabcausal-pfn"])
    assert part.name == "D" and {g.scenario for g in part.groups} == {"tabcausal-pfn"}
    every = Plan((both[1], suite.SUITES["default"]))
    assert "dagma" not in every.methods_of(both[1]) and "pc" in every.methods_of(both[1])
    assert "dagma" in every.methods_of(every.suites[1])
    real = evaluate.resized(suite.SUITES["real"], 2, 50, 4)
    assert {(g.rows, g.variables) for g in real.groups} == {(0, 0)}
    assert all(g.datasets <= 2 for g in real.groups)


@pytest.mark.slow
def test_real_scenarios_are_complete(tmp_path, monkeypatch):
    from simulators.scenarios import sample

    monkeypatch.setattr(suite, "sample", sample)
    run(plan(tmp_path, scenarios=("mixture",), methods=(contender.OURS, "correlation"), datasets=2))
    assert all(record["status"] == "ok" for record in lines(Path(tmp_path)))
