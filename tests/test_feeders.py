"""Processes that make training data beside an accelerator."""

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import jax
import numpy as np
import pytest

from amortize.batch import make_batch
from amortize.checkpoint import RunStore
from amortize.config import Bucket, TrainConfig, base, fed, tiny
from amortize.errors import UsageError
from amortize.feeders import Feeders, HeldOutSet, deal, preparation, prepared_shapes
from amortize.mesh import data_mesh
from amortize.optimiser import learning_rate, rate_by_clock
from amortize.question import QuestionConfig
from amortize.reading import read
from amortize.training import HeldOut, abstract_state, initial_state, scores_of, train_step

ROOT = Path(__file__).parents[1]


def one_bucket() -> TrainConfig:
    """Each size of table is a program of its own to compile."""
    return dataclasses.replace(tiny(), buckets=tiny().buckets[:1])


def test_shapes_are_those_that_are_given():
    for bucket in tiny().buckets:
        given = jax.eval_shape(preparation(tiny(), bucket), *[np.int32(0)] * 4)
        assert given == prepared_shapes(tiny(), bucket)
    model = base().model
    batch = jax.eval_shape(make_batch, np.zeros((2, 24, 3), np.float32))
    reading = jax.eval_shape(partial(read, model), batch)
    everything = dataclasses.replace(tiny(), model=model)
    assert reading == prepared_shapes(everything, Bucket((20, 24), (2, 3), 2, 1.0)).reading


def test_each_bucket_has_a_process_and_the_costly_ones_more():
    config = fed()
    dealt = deal(config, 15)
    assert len(dealt) == 15
    assert set(dealt) == set(range(len(config.buckets)))
    twenty, six = (
        next(k for k, b in enumerate(config.buckets) if b.variables[1] == d) for d in (20, 6)
    )
    assert dealt.count(twenty) > dealt.count(six)


@pytest.mark.slow
def test_what_comes_is_trained_on_and_used_again_no_more_than_so_often():
    config = one_bucket()
    wanted = HeldOutSet("mixture", 8, 30, 5)
    source = Feeders(config, 1, reuse=3, start=0, held_out=wanted)
    try:
        seen: dict[bytes, int] = {}
        state, mesh = initial_state(config), data_mesh(1)
        for step in range(30):
            bucket, data, fresh = source.next()
            name = data.reading.cells_bdnc.tobytes()
            assert fresh == (name not in seen)
            seen[name] = seen.get(name, 0) + 1
            assert data.graph.shape == (bucket.batch, bucket.variables[1], bucket.variables[1])
            state, metrics = train_step(config, bucket, state, step, mesh, data)
            assert np.isfinite(float(metrics["loss"]))
        assert len(seen) > 1
        assert max(seen.values()) <= 3
        while source.held_out is None:
            source.next()
        usual = HeldOut(*wanted).score(config.model, state.average)
        found = scores_of(config.model, state.average, source.held_out)
        assert found == pytest.approx(usual, abs=1e-4)
    finally:
        source.close()


@pytest.mark.slow
def test_a_process_that_fails_ends_the_run():
    questions: Any = QuestionConfig(knowledge="much")  # pyright: ignore[reportArgumentType]
    broken = dataclasses.replace(tiny(), questions=questions)
    source = Feeders(broken, 1, reuse=1, start=0)
    try:
        with pytest.raises(UsageError, match="a feeder ended with status 1"):
            source.next()
    finally:
        source.close()


@pytest.mark.slow
def test_a_batch_that_is_not_finite_is_left_out(tmp_path, monkeypatch):
    import train

    usual, drawn = Feeders.next, iter(range(100))

    def sometimes_broken(source):
        bucket, data, fresh = usual(source)
        if next(drawn) == 5:
            cells = np.full_like(data.reading.cells_bdnc, np.nan)
            data = data._replace(reading=data.reading._replace(cells_bdnc=cells))
        return bucket, data, fresh

    monkeypatch.setattr(Feeders, "next", sometimes_broken)
    options = {"feeders": 1, "by_clock": True, "max_minutes": 5.0}
    shape = {"eval_datasets": 4, "eval_shape": (30, 5)}
    bucket = json.dumps([dataclasses.asdict(bucket) for bucket in one_bucket().buckets])
    train.main("tiny", out=tmp_path, set_=["steps=20", f"buckets={bucket}"], **options, **shape)
    card = json.loads((tmp_path / "checkpoint" / "card.json").read_text())
    assert card["step"] == 20
    assert card["datasets"] > 0
    assert card["datasets"] + card["repeats"] >= 20 * one_bucket().buckets[0].batch
    lines = [json.loads(line) for line in (tmp_path / "metrics.jsonl").read_text().splitlines()]
    assert {5} == set(range(20)) - {line["step"] for line in lines if "loss" in line}
    assert (tmp_path / "not_finite_5.npz").exists()
    store = RunStore(tmp_path)
    newest = store.newest(abstract_state(one_bucket()))
    store.close()
    assert newest is not None
    assert (newest[0], int(newest[1].step)) == (20, 20)


def test_the_clock_needs_an_end(tmp_path):
    import train

    with pytest.raises(UsageError, match="--by-clock needs --max-minutes"):
        train.main("tiny", out=tmp_path, by_clock=True)


def test_what_cannot_be_fed_is_refused():
    axial = dataclasses.replace(tiny().model, architecture="axial")
    own = dataclasses.replace(tiny(), simulator="own:simulator")
    for config, why in (
        (dataclasses.replace(tiny(), model=axial), "two-stream"),
        (own, "own data"),
    ):
        with pytest.raises(UsageError, match=why):
            Feeders(config, 1, reuse=1, start=0)


def test_the_rate_by_the_clock_falls_with_time_and_not_with_steps():
    config, steps = fed().optimiser, 10_000
    assert rate_by_clock(config, steps, 9_000, 0.0) == pytest.approx(config.learning_rate)
    assert rate_by_clock(config, steps, 0, 0.0) < 0.02 * config.learning_rate
    half = rate_by_clock(config, steps, 3_000, 0.5)
    assert half == pytest.approx(learning_rate(config, steps, 5_000))
    last = config.final_share * config.learning_rate
    assert rate_by_clock(config, steps, 3_000, 1.5) == pytest.approx(last)
