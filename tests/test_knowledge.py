"""Background knowledge: what it means as a matrix, and which of it contradicts itself."""

import numpy as np
import pandas as pd
import pytest

from amortize import batch, knowledge
from amortize.errors import DataError
from amortize.knowledge import FORBIDDEN, REQUIRED, UNKNOWN, Knowledge
from amortize.knowledge_matrix import knowledge_matrix
from amortize.table import Table

NAMES = ["a", "b", "c", "e"]


def table() -> Table:
    x = np.random.default_rng(0).normal(size=(30, 4))
    frame = pd.DataFrame(x, columns=NAMES).assign(same=1.0)
    frame["site"] = ["north", "south", "south", "west", "east"] * 6
    return Table.from_frame(frame, indicators=["site"])


def test_the_codes_are_those_of_the_network():
    codes = ("UNKNOWN", "FORBIDDEN", "REQUIRED")
    assert [getattr(knowledge, code) for code in codes] == [getattr(batch, code) for code in codes]


def test_each_field_constrains_its_edges():
    tiers = Knowledge(tiers=(("a",), ("b", "c"))).matrix(NAMES)
    assert {(i, j) for i, j in np.argwhere(tiers == FORBIDDEN)} == {(1, 0), (2, 0)}
    assert (Knowledge(exogenous=("b",)).matrix(NAMES)[[0, 2, 3], 1] == FORBIDDEN).all()
    assert (Knowledge(outcomes=("b",)).matrix(NAMES)[1, [0, 2, 3]] == FORBIDDEN).all()
    assert np.argwhere(Knowledge(forbidden=(("a", "b"),)).matrix(NAMES)).tolist() == [[0, 1]]
    assert not Knowledge().matrix(NAMES).any() and not Knowledge()


def test_ways_back_along_required_edges_are_forbidden():
    known = Knowledge(required=(("a", "b"), ("b", "c"))).matrix(NAMES)
    assert known[0, 1] == known[1, 2] == REQUIRED and known[0, 2] == UNKNOWN
    assert known[1, 0] == known[2, 1] == known[2, 0] == FORBIDDEN
    assert (known[3] == UNKNOWN).all() and (np.diag(known) == UNKNOWN).all()


def test_the_matrix_follows_the_order_of_the_names():
    found = Knowledge(tiers=(("a", "e"), ("b",)), required=(("e", "b"),), outcomes=("c",))
    order = [2, 0, 3, 1]
    turned = found.matrix([NAMES[i] for i in order])
    np.testing.assert_array_equal(turned, found.matrix(NAMES)[np.ix_(order, order)])


@pytest.mark.parametrize(
    ("fields", "told"),
    [
        ({"required": [("a", "b"), ("b", "c"), ("c", "a")]}, "'a -> b', 'b -> c', 'c -> a'"),
        ({"required": [("a", "b"), ("b", "a")]}, "form a cycle: 'a -> b', 'b -> a'"),
        ({"required": [("a", "b")], "forbidden": [("a", "b")]}, "'a -> b' is required, and forbid"),
        ({"required": [("a", "a")]}, "'a -> a' leads to itself"),
        ({"forbidden": [("a", "a")]}, "'a -> a' leads to itself"),
        ({"required": [("b", "a")], "tiers": [["a"], ["b"]]}, "'b -> a' goes back in time"),
        (
            {"required": [("b", "u"), ("u", "a")], "tiers": [["a"], ["b"]]},
            "'b -> u', 'u -> a' goes back in time: 'b' is in tier 2, 'a' in tier 1",
        ),
        ({"tiers": [["a"], ["b", "a"]]}, "'a' stands in tiers 1 and 2"),
        ({"required": [("a", "b")], "exogenous": ["b"]}, "'b' is exogenous"),
        ({"required": [("a", "b")], "outcomes": ["a"]}, "'a' is an outcome"),
    ],
)
def test_contradictions_are_refused_naming_the_edges(fields, told):
    with pytest.raises(DataError, match=told):
        Knowledge(**fields)


def test_two_sources_are_checked_together():
    required = Knowledge(required=(("a", "b"),))
    assert required.joined(Knowledge(required=(("b", "c"),))).required == (("a", "b"), ("b", "c"))
    with pytest.raises(DataError, match="cycle"):
        required.joined(Knowledge(required=(("b", "a"),)))
    with pytest.raises(DataError, match="tiers are given twice"):
        Knowledge(tiers=(("a",),)).joined(Knowledge(tiers=(("b",),)))


def test_a_table_knows_what_its_columns_stand_for():
    data = table()
    names = ["a", "b", "c", "e", "site=east", "site=north", "site=west"]
    assert data.names == names
    known = knowledge_matrix(None, data)
    inside = np.zeros((7, 7), dtype=bool)
    inside[4:, 4:] = ~np.eye(3, dtype=bool)
    np.testing.assert_array_equal(known == FORBIDDEN, inside)
    known = knowledge_matrix({"exogenous": ["site"], "required": ["site=west -> a"]}, data)
    assert (known[:4, 4:] == FORBIDDEN).all() and known[6, 0] == REQUIRED
    with pytest.raises(DataError, match="read as 3 variables"):
        knowledge_matrix({"required": ["site -> a"]}, data)


def test_columns_that_are_left_out():
    data = table()
    known = knowledge_matrix({"tiers": [["same"], ["a"], ["b"]]}, data)
    assert known[1, 0] == FORBIDDEN
    assert "'same' is ignored" in data.warnings[-1]
    with pytest.raises(DataError, match="'same' is left out \\(constant"):
        knowledge_matrix({"required": ["same -> a"]}, data)
    with pytest.raises(DataError, match="'bb', which is no column of the data; did you mean 'b'"):
        knowledge_matrix({"forbidden": ["a -> bb"]}, data)


def test_arrays_go_through_unchanged_but_for_ways_back():
    data = Table.from_array(np.random.default_rng(0).normal(size=(9, 3)))
    known = np.array([[0, 2, 0], [0, 0, 1], [0, 0, 0]])
    expected = known.copy()
    expected[1, 0] = FORBIDDEN
    np.testing.assert_array_equal(knowledge_matrix(known, data), expected)
    for wrong in (np.zeros((2, 2)), np.full((3, 3), 5), "a -> b"):
        with pytest.raises(DataError, match="neither a Knowledge"):
            knowledge_matrix(wrong, data)
    with pytest.raises(DataError, match="cycle"):
        knowledge_matrix(2 * (np.ones((3, 3)) - np.eye(3)), data)
