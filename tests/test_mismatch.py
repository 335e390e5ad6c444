"""The warning of unlike tables: valid on its own prior, loud on others."""

import numpy as np
import pytest

from amortize.errors import DataError
from amortize.inputs import read
from amortize.mismatch import (
    ALARM,
    Bin,
    load_reference,
    mismatch,
    rarity,
    rarity_among,
    save_reference,
)
from amortize.traits import TRAITS, traits

ROWS, VARIABLES = (60, 200), (3, 8)


def drawn(rng: np.random.Generator, noise=None) -> np.ndarray:
    """A table of a linear system with noise of one of three kinds."""
    n, d = rng.integers(*ROWS), rng.integers(*VARIABLES)
    kinds = (rng.normal, rng.laplace, rng.uniform)
    draw = kinds[rng.integers(3)] if noise is None else noise
    weights = np.triu(rng.normal(size=(d, d)) * (rng.random((d, d)) < 0.4), k=1)
    return draw(size=(n, d)) @ np.linalg.inv(np.eye(d) - weights)


@pytest.fixture(scope="module")
def reference() -> list[Bin]:
    rng = np.random.default_rng(0)
    found = np.array([traits(read(drawn(rng)), ROWS[1]) for _ in range(160)], np.float32)
    return [Bin(ROWS, VARIABLES, found), Bin((1000, 2000), VARIABLES, found + 100)]


def alarms(reference: list[Bin], tables: list[np.ndarray]) -> float:
    return float(np.mean([mismatch(reference, read(x)).p_value <= ALARM for x in tables]))


def test_false_alarms_are_as_rare_as_designed(reference):
    rng = np.random.default_rng(1)
    assert alarms(reference, [drawn(rng) for _ in range(160)]) < ALARM + 0.05


def test_unlike_tables_raise_the_alarm_and_are_told_why(reference):
    rng = np.random.default_rng(2)
    cauchy = [drawn(rng, rng.standard_cauchy) for _ in range(40)]
    series = [np.cumsum(drawn(rng), axis=0) for _ in range(40)]
    zeros = [np.where(rng.random(x.shape) < 0.9, 0.0, x) for x in (drawn(rng) for _ in range(40))]
    for tables, word in ((cauchy, "heavy tails"), (series, "time series"), (zeros, "one value")):
        assert alarms(reference, tables) >= 0.9
        found = [mismatch(reference, read(x)).warning for x in tables]
        assert np.mean([word in warning for warning in found if warning]) > 0.8


def test_the_usual_has_no_warning(reference):
    found = mismatch(
        reference, read(drawn(np.random.default_rng(5), np.random.default_rng(6).normal))
    )
    assert found.p_value > ALARM and found.warning is None and found.strange == ()


def test_rarity_is_the_same_for_a_table_inside_and_outside():
    values = np.random.default_rng(0).normal(size=(50, 4))
    among = rarity_among(values)
    for k in (0, 7, int(values[:, 2].argmax())):
        alone = rarity(np.delete(values, k, axis=0), values[k])
        np.testing.assert_allclose(among[k], alone, atol=0.3)  # but for the mean excess
    one_more = np.sort(values, axis=0)[-3] + 1e-9  # third in every trait: so is one of the tables
    third = np.sort(among, axis=0)[-3]
    np.testing.assert_allclose(rarity(values, one_more), third, atol=1e-9)
    assert (rarity_among(np.zeros((10, 2))) == 0).all()
    assert rarity(np.zeros((10, 2)), np.array([0.0, 1.0])).tolist()[0] == 0


def test_the_nearest_size_is_asked(reference):
    x = np.random.default_rng(3).normal(size=(1500, 5))
    assert mismatch(reference, read(x)).p_value > ALARM  # far below what that bin holds as usual
    assert reference[0].distance(100, 5) == 0 and reference[1].distance(100, 5) > 2


def test_the_reference_comes_back_from_disk(reference, tmp_path):
    assert load_reference(tmp_path) == []
    path = save_reference(tmp_path, reference)
    back = load_reference(tmp_path)
    assert [(bin.rows, bin.variables) for bin in back] == [
        (ROWS, VARIABLES),
        ((1000, 2000), VARIABLES),
    ]
    np.testing.assert_array_equal(back[0].traits_mt, reference[0].traits_mt)
    with np.load(path, allow_pickle=False) as found:
        assert list(found["names"]) == list(TRAITS)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="reference"):
        load_reference(tmp_path)
