"""Who is compared with whom, and on which datasets."""

from amortize.contest import LEAST, contest


def test_everybody_on_what_all_finished():
    found = contest({"amortize": {*range(30)}, "pc": {*range(30)}, "cam": {*range(16)} - {3}})
    assert found.methods == ("amortize", "pc", "cam")
    assert found.datasets == {*range(16)} - {3}


def test_a_method_with_too_few_is_left_out():
    few = {*range(LEAST - 1)}
    found = contest({"amortize": {*range(30)}, "pc": {*range(20)}, "golem": few, "rcd": set()})
    assert found.methods == ("amortize", "pc") and found.datasets == {*range(20)}


def test_a_slow_method_does_not_take_the_datasets_of_the_others_away():
    whole = {*range(30)}
    found = contest({"amortize": whole, "pc": whole, "ges": whole, "notears": {*range(14)}})
    assert found.methods == ("amortize", "pc", "ges") and found.datasets == whole
    found = contest({"amortize": whole, "pc": {*range(10)}, "notears": {*range(5)}})
    assert found.methods == ("amortize", "pc", "notears") and found.datasets == {*range(5)}


def test_two_that_share_too_little_are_not_both_in_it():
    whole = {*range(30)}
    found = contest({"amortize": whole, "pc": whole, "a": {*range(12)}, "b": {*range(15, 30)}})
    assert found.methods == ("amortize", "pc", "b") and found.datasets == {*range(15, 30)}


def test_small_tables_need_no_more_than_they_have():
    found = contest({"amortize": {0}, "pc": {0}, "ges": set()})
    assert found.methods == ("amortize", "pc") and found.datasets == {0}


def test_the_checkpoint_decides_and_nobody_is_nobody():
    found = contest({"amortize": {0, 1}, "pc": {*range(30)}, "ges": {*range(2, 30)}})
    assert found.methods == ("amortize", "pc") and found.datasets == {0, 1}
    assert contest({"pc": {*range(30)}, "ges": {*range(20)}}).datasets == {*range(20)}
    assert contest({}).methods == contest({"pc": set()}).methods == ()
