"""Scenarios: what their names promise, streams that repeat and never meet."""

import dataclasses
from pathlib import Path

import jax
import numpy as np
import pytest
from worlds import quick_jit

from simulators import scenarios
from simulators.benchmarks import NetworkError
from simulators.prior import Prior
from simulators.scenarios import PUBLISHED, SCENARIOS, ScenarioError, sample, scenario
from simulators.scm import Dataset

N, D = 30, 4
MECHANISMS, NOISES = ("linear", "rff", "mlp"), ("gaussian", "laplace")


@pytest.fixture(autouse=True, scope="module")
def quick():
    """The same draws, compiled faster."""
    with pytest.MonkeyPatch.context() as patch:
        plain = scenarios._draw.__wrapped__
        patch.setattr(scenarios, "_draw", quick_jit(plain, static_argnums=(1, 2, 3, 4)))
        yield


def same(a: Dataset, b: Dataset) -> bool:
    return all((x == y).all() for x, y in zip(a, b, strict=True))


def test_the_names_of_the_first_slice():
    pure = {f"{m}-{e}{i}" for m in MECHANISMS for e in NOISES for i in ("", "-interventional")}
    assert {"mixture"} | pure <= set(SCENARIOS)
    for name, found in SCENARIOS.items():
        assert found.name == name and found.description and found.source
        assert (found.prior is None) != (found.benchmark is None)
    assert scenario("mixture").prior == Prior()


@pytest.mark.parametrize("mechanism", MECHANISMS)
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("suffix", ["", "-interventional"])
def test_a_pure_scenario_is_what_its_name_says(mechanism, noise, suffix):
    prior = scenario(f"{mechanism}-{noise}{suffix}").prior

    def kept(component):
        return {k for k, weight in dataclasses.asdict(component).items() if weight}

    assert kept(prior.mechanisms) == {mechanism} and kept(prior.noise) == {noise}
    assert kept(prior.missing) == {"none"}
    assert ("none" in kept(prior.interventions)) == (not suffix)
    assert len(kept(prior.interventions)) == (2 if suffix else 1)
    others = ("graphs", "scaling", "edges_per_variable", "noise_scale")
    assert all(getattr(prior, part) == getattr(Prior(), part) for part in others)


@pytest.mark.parametrize(
    ("wrong", "near"), [("mixtur", "mixture"), ("linear-gausian", "linear-gaussian")]
)
def test_an_unknown_name_suggests_the_nearest(wrong, near):
    for call in (lambda: scenario(wrong), lambda: sample(wrong, 1, N, D, 0)):
        with pytest.raises(ScenarioError) as caught:
            call()
        assert wrong in str(caught.value) and repr(near) in str(caught.value)
    assert isinstance(caught.value, KeyError)


def test_a_name_near_nothing_lists_all():
    with pytest.raises(ScenarioError, match="choose one of mixture"):
        scenario("?")


def test_fewer_datasets_are_the_first_of_more():
    many, few = sample("mixture", 19, N, D, 3), sample("mixture", 5, N, D, 3)
    assert len(many) == 19 and len(few) == 5
    assert all(same(a, b) for a, b in zip(few, many, strict=False))
    assert all(same(a, b) for a, b in zip(many, sample("mixture", 19, N, D, 3), strict=True))
    other = sample("mixture", 5, N, D, 4)
    assert not any(same(a, b) for a in many for b in other)
    assert sample("mixture", 0, N, D, 3) == []


def test_datasets_have_the_asked_size_and_no_padding():
    for data in sample("mixture", 5, N, D, 3):
        assert data.values.shape == data.observed.shape == data.intervened.shape == (N, D)
        assert data.graph.shape == (D, D)
        assert data.rows.all() and data.variables.all()
        assert isinstance(data.values, np.ndarray)


def test_evaluation_never_meets_training():
    """Training folds the step into key(seed) and the place in the batch into that."""
    seed, steps = 3, 40
    found = {data.values.tobytes() for data in sample("mixture", 40, N, D, seed)}
    assert len(found) == 40
    trained = set()
    for step in range(steps):
        key = jax.random.fold_in(jax.random.key(seed), step)
        values = np.asarray(scenarios._draw(key, Prior(), 8, N, D).values)
        trained |= {table.tobytes() for table in values}
    assert len(trained) == 8 * steps
    assert not trained & found
    # The stream's number is a step that no run reaches, and is folded in once more than a step.
    assert scenarios.EVALUATION_STREAM > 10**9


def test_a_published_benchmark_comes_through_the_same_call():
    found = scenario("causcale-linear")
    assert found.variables == (100,) and found.rows == 1000 and found.datasets == 5
    assert found.interventional and "2602.08629" in found.source
    many, few = (sample("causcale-linear", k, 50, 12, 7) for k in (3, 2))
    assert all(same(a, b) for a, b in zip(few, many, strict=False))
    for data in many:
        assert data._fields == Dataset._fields
        assert data.values.shape == data.observed.shape == data.intervened.shape == (50, 12)
        assert data.values.dtype == np.float32 and data.graph.dtype == bool
        assert data.observed.all() and data.rows.all() and data.variables.all()
        assert not data.confounded.any() and not data.regime.any() and (data.kind == 0).all()


def test_a_network_is_refused_where_none_is_used(tmp_path):
    for name in ("mixture", "causcale-linear"):
        with pytest.raises(NetworkError, match="uses no network"):
            sample(name, 1, N, D, 0, (tmp_path / "net.tsv",))


def test_the_page_describes_every_published_scenario():
    """docs/scenarios.md is written by benchmarks/scenarios.py."""
    page = (Path(__file__).resolve().parents[1] / "docs" / "scenarios.md").read_text()
    rows = {line.split(" | ")[0].removeprefix("| "): line for line in page.splitlines()}
    for name, found in PUBLISHED.items():
        assert f"{found.variables[0]} x {found.rows}" in rows[name], "run benchmarks/scenarios.py"
