"""Background knowledge from TOML, JSON, flags, Tetrad's text and causal-learn's object."""

import json
from pathlib import Path

import numpy as np
import pytest

from amortize.errors import DataError, UsageError
from amortize.knowledge import FORBIDDEN, REQUIRED, Knowledge
from amortize.knowledge_causallearn import from_causallearn
from amortize.knowledge_file import from_flags, from_mapping, read_knowledge, split_edge
from amortize.knowledge_tetrad import parse_tetrad

WHOLE = Knowledge(
    tiers=(("age", "sex"), ("dose",), ("pressure",)),
    required=(("dose", "pressure"),),
    forbidden=(("age", "dose"),),
    exogenous=("sex",),
    outcomes=("pressure",),
)
TOML = """
tiers = [["age", "sex"], ["dose"], ["pressure"]]  # earliest first
required = ["dose -> pressure"]
forbidden = [["age", "dose"]]
exogenous = ["sex"]
outcomes = ["pressure"]
"""


def test_toml_json_and_the_record_say_the_same(tmp_path):
    path = tmp_path / "knowledge"
    for text in (TOML, json.dumps(WHOLE.record()), "\ufeff" + TOML):
        path.write_text(text, encoding="utf-8")
        assert read_knowledge(path) == WHOLE
    assert from_mapping(WHOLE.record(), "it") == WHOLE


def test_the_example_of_the_page_is_read(tmp_path):
    page = (Path(__file__).parent.parent / "docs" / "input.md").read_text("utf-8")
    (tmp_path / "k.toml").write_text(page.split("```toml\n")[1].split("```")[0])
    found = read_knowledge(tmp_path / "k.toml")
    assert found.required == (("dose", "pressure"),) and len(found.forbidden) == 2
    assert len(found.tiers) == 3 and found.exogenous and found.outcomes


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is empty"),
        ("tiers = [", "not valid TOML"),
        ('{"tiers": [', "not valid JSON (line 1"),
        ("[1, 2]", "holds a list"),
        ("require = []", "unknown key 'require'; did you mean 'required'"),
        ("tiers = ['a', 'b']", "list of lists"),
        ("tiers = [[1]]", "tier 1 in the knowledge file"),
        ("exogenous = 'a'", "is no list of names"),
        ("required = 'a -> b'", "'required' in the knowledge file"),
        ("required = ['a, b']", "'a, b' under 'required'"),
        ("required = [['a', 'b', 'c']]", "is no edge"),
        ("required = [['a', 1]]", "holds no two names"),
        ("required = ['a -> b', 'b -> a']", "contradicts itself: the required edges form a cycle"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
def test_files_that_cannot_be_used(tmp_path, text, told):
    path = tmp_path / "k"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(DataError) as caught:
        read_knowledge(path)
    assert told in str(caught.value) and "the knowledge file '" in str(caught.value)


def test_edges_on_the_command_line():
    for text in ("a->b", "a -> b", "a --> b", " a→b "):
        assert split_edge(text) == ("a", "b")
    assert split_edge("blood-pressure -> heart rate") == ("blood-pressure", "heart rate")
    for wrong in ("a b", "a ->", "-> b", "a -> b -> c", ""):
        assert split_edge(wrong) is None
        with pytest.raises(UsageError, match="--forbid"):
            from_flags([], [wrong])
    found = from_flags(["a -> b"], ["b -> c", "c -> b"])
    assert found.required == (("a", "b"),) and len(found.forbidden) == 2


TETRAD = """/knowledge

addtemporal

1* age sex   // nothing among these
2- dose
3 "heart rate" weight
4 pressure

forbiddirect
age weight

requiredirect
dose "heart rate"

forbiddengroup
age sex
pressure
"""


def test_tetrad_files(tmp_path):
    found = parse_tetrad(TETRAD)
    assert found.tiers == (("age", "sex"), ("dose",), ("heart rate", "weight"), ("pressure",))
    assert found.required == (("dose", "heart rate"),)
    assert set(found.forbidden) == {
        ("age", "sex"), ("sex", "age"),  # tier 1 is closed
        ("dose", "pressure"),  # tier 2 causes only the next
        ("age", "weight"), ("age", "pressure"), ("sex", "pressure"),
    }  # fmt: skip
    (tmp_path / "k.txt").write_text(TETRAD)
    assert read_knowledge(tmp_path / "k.txt") == found
    assert parse_tetrad("requiredgroup\na b\nc\n").required == (("a", "c"), ("b", "c"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("/knowledge\naddtemporel\n1 a", "line 2 of it is 'addtemporel'"),
        ("addtemporal\nfirst a b", "line 2 of it starts with 'first'"),
        ("forbiddirect\na", "line 2 of it has 1 name"),
        ("requiredirect\n\na b c", "line 3 of it has 3 name"),
        ("forbiddengroup\na b", "ends within a group"),
        ("addtemporal\n1 a\n2 b\nrequiredirect\nb a", "it contradicts itself"),
    ],
)
def test_tetrad_files_that_cannot_be_used(text, told):
    with pytest.raises(DataError) as caught:
        parse_tetrad(text, "it")
    assert told in str(caught.value)


def test_causal_learn_says_the_same_of_every_edge():
    nodes_of = pytest.importorskip("causallearn.graph.GraphNode")
    bag = pytest.importorskip("causallearn.utils.PCUtils.BackgroundKnowledge")
    names = ["age", "sex", "dose", "pressure", "heart_a", "heart_b"]
    nodes = {name: nodes_of.GraphNode(name) for name in names}
    theirs = bag.BackgroundKnowledge()
    for name, tier in [("age", 0), ("sex", 0), ("dose", 2), ("pressure", 3)]:
        theirs.add_node_to_tier(nodes[name], tier)
    theirs.forbid_within_tier(0)
    theirs.add_forbidden_by_node(nodes["age"], nodes["pressure"])
    theirs.add_forbidden_by_pattern("heart", "dose")
    theirs.add_required_by_pattern("dose", "heart_.*")
    theirs.add_required_by_node(nodes["sex"], nodes["dose"])
    ours = from_causallearn(theirs, names).matrix(names)
    # A required edge forbids the ways back, which causal-learn does not spell out.
    back = from_causallearn(theirs, names)
    implied = Knowledge(required=back.required).matrix(names) == FORBIDDEN
    for i, a in enumerate(names):
        for j, b in enumerate(names):
            if i != j:
                assert (ours[i, j] == REQUIRED) == theirs.is_required(nodes[a], nodes[b])
                forbidden = theirs.is_forbidden(nodes[a], nodes[b]) or implied[i, j]
                assert (ours[i, j] == FORBIDDEN) == forbidden, (a, b)
    assert np.count_nonzero(ours == REQUIRED) == 3
