"""The second view of tables with heavy tails."""

import numpy as np
import pytest

from amortize.batch import BINARY, CONTINUOUS
from amortize.forward import Answer, Forward
from amortize.heavy_tails import answer, compressed, is_heavy_tailed, pooled
from amortize.inputs import read

RANDOM = np.random.default_rng(0)
CAUCHY = RANDOM.standard_cauchy((300, 4))
NORMAL = RANDOM.normal(size=(300, 4))


def both(p, q, c):
    """An answer of two variables: P(0 -> 1), P(1 -> 0), P(confounded)."""
    return Answer(np.array([[0, p], [q, 0]], np.float32), np.array([[0, c], [c, 0]], np.float32))


def test_heavy_tails_are_those_of_most_continuous_columns():
    assert is_heavy_tailed(read(CAUCHY)) and not is_heavy_tailed(read(NORMAL))
    mixed = np.column_stack([CAUCHY[:, 0], NORMAL[:, 1:]])
    assert not is_heavy_tailed(read(mixed))
    rare = (RANDOM.random((300, 4)) < 0.01).astype(float)  # its kurtosis is about 100
    assert not is_heavy_tailed(read(rare, kind_d=np.full(4, BINARY)))
    assert not is_heavy_tailed(read(np.full((5, 2), np.nan)))


def test_the_second_view_keeps_order_kinds_and_gaps():
    x = CAUCHY.copy()
    x[:, 3] = NORMAL[:, 3] > 0
    x[:40, 1] = np.nan
    kinds = np.array([CONTINUOUS] * 3 + [BINARY])
    table = read(x, kind_d=kinds)
    view = compressed(table)
    assert not is_heavy_tailed(view)
    assert (view.values_nd[:40, 1] == 0).all() and not view.observed_nd[:40, 1].any()
    np.testing.assert_allclose(view.values_nd[:, 3], table.values_nd[:, 3], atol=1e-6)
    for j in range(3):
        seen = table.observed_nd[:, j]
        order = np.argsort(table.values_nd[seen, j])
        assert (np.diff(view.values_nd[seen, j][order]) >= 0).all()
        assert view.values_nd[seen, j].std() == pytest.approx(1, abs=1e-4)


def test_equal_answers_stay_and_others_meet_between():
    one, other = both(0.7, 0.2, 0.1), both(0.1, 0.6, 0.4)
    for part, same in zip(pooled(one, one), one, strict=True):
        np.testing.assert_allclose(part, same, atol=1e-6)
    met = pooled(one, other)
    up, down, none = np.sqrt(0.7 * 0.1), np.sqrt(0.2 * 0.6), np.sqrt(0.1 * 0.3)
    assert met.edges_dd[0, 1] == pytest.approx(up / (up + down + none), abs=1e-6)
    assert met.edges_dd[1, 0] == pytest.approx(down / (up + down + none), abs=1e-6)
    assert 0.1 < met.confounded_dd[0, 1] < 0.4
    assert met.confounded_dd[0, 1] == met.confounded_dd[1, 0]
    certain = pooled(both(1, 0, 0), both(0, 0, 1))
    assert np.isfinite(certain.edges_dd).all() and certain.edges_dd.sum() <= 1


def test_only_heavy_tailed_tables_are_read_twice():
    class Counting(Forward):
        """Says of a table how large its largest value is."""

        def __init__(self) -> None:
            self.asked = 0

        def answer(self, tables, progress=None):
            self.asked += len(tables)
            for k in range(len(tables)):
                (progress or done.append)((k + 1) / len(tables))
            return [both(1 / (2 + abs(t.values_nd).max()), 0.1, 0.1) for t in tables]

    done: list[float] = []
    network = Counting()
    found = answer(network, [read(NORMAL), read(CAUCHY), read(NORMAL)], done.append)
    assert network.asked == 4 and len(found) == 3
    assert done == sorted(done) and len(done) == 4 and done[-1] == 1
    plain = network.answer([read(NORMAL), read(CAUCHY)], done.append)
    np.testing.assert_array_equal(found[0].edges_dd, plain[0].edges_dd)
    np.testing.assert_array_equal(found[0].edges_dd, found[2].edges_dd)
    assert found[1].edges_dd[0, 1] > plain[1].edges_dd[0, 1]
