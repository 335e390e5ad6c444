"""Learning rates by step."""

from dataclasses import replace

import pytest

from amortize.config import tiny
from amortize.optimiser import learning_rate, schedule

COSINE = tiny().optimiser
TRAPEZOID = replace(COSINE, schedule="trapezoid", decay_share=0.25)


@pytest.mark.parametrize("config", [COSINE, TRAPEZOID])
def test_warms_up_and_decays(config):
    rate = schedule(config, 1000)
    assert float(rate(0)) == 0
    assert float(rate(config.warmup)) == pytest.approx(config.learning_rate)
    last = config.learning_rate * config.final_share
    assert float(rate(1000)) == pytest.approx(last, rel=1e-3)
    assert float(rate(5000)) == pytest.approx(last, rel=1e-3)


def test_trapezoid_is_flat_and_then_straight():
    rates = [learning_rate(TRAPEZOID, 1000, step) for step in (10, 400, 750, 875, 1000)]
    peak = TRAPEZOID.learning_rate
    halfway = peak * (1 + TRAPEZOID.final_share) / 2
    expected = [peak, peak, peak, halfway, peak * TRAPEZOID.final_share]
    assert rates == pytest.approx(expected, rel=1e-5)


def test_a_trapezoid_may_be_prolonged_before_it_falls():
    for step in range(0, 750, 50):
        assert learning_rate(TRAPEZOID, 1000, step) == learning_rate(TRAPEZOID, 9000, step)


@pytest.mark.parametrize("config", [COSINE, TRAPEZOID])
def test_the_table_holds_the_schedule(config):
    for step in (0, 3, 40, 999, 1000, 1500):
        expected = float(schedule(config, 1000)(step))
        assert learning_rate(config, 1000, step) == pytest.approx(expected, rel=1e-5, abs=1e-12)


@pytest.mark.parametrize("config", [COSINE, TRAPEZOID])
def test_short_runs_have_a_schedule_too(config):
    assert all(learning_rate(config, 2, step) >= 0 for step in range(4))
