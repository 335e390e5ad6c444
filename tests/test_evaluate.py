"""The evaluation program driven as a person would, with a fake network and a NumPy simulator."""

import io
import json
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from rich.console import Console
from typer.testing import CliRunner

import evaluate
from amortize.baselines.method import INSTALL_HINT
from amortize.baselines.runner import Result
from amortize.errors import DataError, UsageError
from amortize.leaderboard import boards
from amortize.results import Results

QUICK = ("empty", "random", "correlation", "inverse-covariance")


class FakeModel:
    """Knows nothing: |correlation| / 2 in both directions, so a pair sums to at most 1."""

    def __init__(self, name="fake", scale=0.5):
        self.card = {"name": name}
        self.scale, self.calls, self.seen = scale, 0, []

    def probabilities(self, x_bnd, observed_bnd=None, intervened_bnd=None):
        self.calls += 1
        self.seen.append((x_bnd[0], observed_bnd[0], intervened_bnd[0]))
        p = self.scale * np.abs(np.stack([np.corrcoef(x, rowvar=False) for x in x_bnd]))
        return p.astype(np.float32)


def chain(random, n, d):
    """A linear chain 0 -> 1 -> ... whose variance grows."""
    values = random.normal(size=(n, d))
    for j in range(1, d):
        values[:, j] += 1.5 * values[:, j - 1]
    return values, np.eye(d, k=1, dtype=bool)


@pytest.fixture(autouse=True)
def simulator(monkeypatch):
    def sample(name, count, n, d, seed):
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
                    values=values, observed=observed, intervened=intervened, graph=graph
                )
            )
        return found

    monkeypatch.setattr(evaluate, "sample", sample)


def plan(out, **changes):
    settings = {
        "scenarios": ("linear-gaussian", "mixture"),
        "methods": (evaluate.OURS, *QUICK),
        "datasets": 3,
        "variables": 5,
        "rows": 60,
        "out": out,
    }
    return evaluate.Plan(**{**settings, **changes})


def run(a_plan, model=None):
    text = io.StringIO()
    model = model or FakeModel()
    evaluate.run(a_plan, lambda _: model, Console(file=text, width=80))
    return text.getvalue(), model


def lines(folder):
    return [json.loads(line) for line in (folder / "results.jsonl").read_text().splitlines()]


# ------------------------------------------------------------------------------ the program


def test_every_cell_is_a_line_and_the_tables_hold_every_method(tmp_path):
    text, _ = run(plan(tmp_path))
    records = lines(tmp_path)
    assert len(records) == 2 * 3 * 5 and len({record["key"] for record in records}) == 30
    page = (tmp_path / "results.md").read_text()
    for name in (evaluate.OURS, *QUICK):
        assert f"| {name} |" in page and name in text
    for scenario in ("linear-gaussian", "mixture"):
        assert f"## {scenario}: 5 variables, 60 rows, seed 20000" in page
    for phrase in ("oriented in their favour", "expected calibration error", "Varsortability"):
        assert phrase in page
    assert "…" not in text  # nothing is cut at 80 characters
    ours = next(r for r in records if r["method"] == "amortize")
    assert np.shape(ours["probabilities"]) == (5, 5)
    assert {"version", "settings", "source", "permutation_seed", "seconds"} <= set(ours)


def test_a_second_run_computes_nothing(tmp_path):
    _, first = run(plan(tmp_path))
    before = (tmp_path / "results.jsonl").read_bytes()
    _, again = run(plan(tmp_path))
    assert first.calls == 7 and again.calls == 1  # the probe alone
    assert (tmp_path / "results.jsonl").read_bytes() == before


def test_a_killed_sweep_resumes_after_a_torn_line(tmp_path):
    run(plan(tmp_path))
    path = tmp_path / "results.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * 0.6)])
    kept = path.read_bytes().count(b"\n")
    run(plan(tmp_path))
    raw = path.read_text().splitlines()
    assert len(raw) == 31  # thirty cells and the torn piece
    assert "\n".join(raw[:kept]) == "\n".join(whole.decode().splitlines()[:kept])
    assert sum(board.methods[0].finished for board in boards(Results(tmp_path, "0.1.0").latest()))


def test_other_parameters_or_more_datasets_are_other_cells(tmp_path):
    run(plan(tmp_path))
    _, same = run(plan(tmp_path, datasets=4))
    assert same.calls == 1 + 2
    _, other = run(plan(tmp_path), FakeModel(scale=0.4))
    assert other.calls == 7


def test_every_method_gets_the_same_permuted_standardised_table(tmp_path):
    _, model = run(plan(tmp_path))
    for values, observed, intervened in model.seen[1:]:
        assert observed.shape == intervened.shape == values.shape == (60, 5)
        np.testing.assert_allclose(values.mean(0), 0, atol=1e-9)
        for column, seen in zip(values.T, observed.T, strict=True):
            assert column[seen].std() == pytest.approx(1.0)
            assert not column[~seen].any()
    truths = {json.dumps(record["truth"]) for record in lines(tmp_path)}
    assert len(truths) > 1  # the chain's columns were shuffled
    assert any(intervened.any() for _, _, intervened in model.seen)


def test_a_missing_library_and_a_time_out_stand_in_the_table(tmp_path, monkeypatch):
    answers = {
        "pc": Result("not installed", INSTALL_HINT),
        "ges": Result("timeout", "stopped after 2 s", 2.0),
    }
    asked = []

    class FakeWorker(evaluate.Worker):
        def run(self, method, *arguments, **settings):
            asked.append(method.name)
            return answers[method.name]

    monkeypatch.setattr(evaluate, "Worker", FakeWorker)
    one = {"scenarios": ("linear-gaussian",), "methods": ("pc", "ges"), "datasets": 2}
    text, _ = run(plan(tmp_path, limit=2.0, **one))
    page = (tmp_path / "results.md").read_text()
    assert "| ges | cpdag | - | - | - | - | - | - | - | 0/2 |" in page
    for line in (f"- pc: 2 {INSTALL_HINT}", "- ges: 2 timeout: stopped after 2 s"):
        assert line in page and line in text
    asked.clear()
    run(plan(tmp_path, limit=2.0, **one))
    assert asked == ["pc", "pc"]  # perhaps it is installed by now
    asked.clear()
    run(plan(tmp_path, limit=9.0, **one))
    assert asked == ["pc", "ges"] * 2  # a longer limit may be enough


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


def test_suites_expand_without_repeats():
    assert evaluate.scenarios_of([]) == evaluate.SUITES["default"]
    both = evaluate.scenarios_of(["mixture", "default"])
    assert both[0] == "mixture" and len(both) == len(evaluate.SUITES["default"])
    with pytest.raises(UsageError):
        evaluate.scenarios_of(["nothing"])


@pytest.mark.slow
def test_real_scenarios_are_complete(tmp_path, monkeypatch):
    from simulators.scenarios import sample

    monkeypatch.setattr(evaluate, "sample", sample)
    run(plan(tmp_path, scenarios=("mixture",), methods=(evaluate.OURS, "correlation"), datasets=2))
    assert all(record["status"] == "ok" for record in lines(Path(tmp_path)))
