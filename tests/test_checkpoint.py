"""Saved states and released checkpoints: damage is found and named, other networks are refused."""

import json

import jax
import numpy as np
import pytest
from tiny_network import write_tiny_network

from amortize.checkpoint import RunStore, difference, load_checkpoint
from amortize.errors import DataError, UsageError

TEMPLATE = {"x": jax.ShapeDtypeStruct((3,), np.float32)}


def save_two(folder):
    store = RunStore(folder)
    for step in (1, 2):
        store.save(step, {"x": np.full(3, float(step), np.float32)}, {"datasets": 10 * step})
    store.close()


def newest(folder, template=None):
    store = RunStore(folder)
    try:
        return store.newest(template or TEMPLATE)
    finally:
        store.close()


def test_the_newest_state_comes_back_with_its_progress(tmp_path):
    save_two(tmp_path)
    step, state, progress = newest(tmp_path)
    assert (step, progress) == (2, {"datasets": 20})
    np.testing.assert_array_equal(state["x"], 2.0)


def test_no_state_is_no_error(tmp_path):
    assert newest(tmp_path) is None


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "gone"])
@pytest.mark.parametrize("file", ["state/_METADATA", "state/manifest.ocdbt", "state/d/*"])
def test_a_damaged_state_is_named_and_the_one_before_it_taken(tmp_path, capsys, file, damage):
    save_two(tmp_path)
    (path,) = (tmp_path / "state" / "2").glob(file)
    whole = path.read_bytes()
    if damage == "gone":
        path.unlink()
    else:
        flipped = bytes(255 - byte for byte in whole)
        path.write_bytes({"empty": b"", "cut": whole[:-5], "flipped": flipped}[damage])
    step, state, progress = newest(tmp_path)
    assert (step, progress) == (1, {"datasets": 10})
    np.testing.assert_array_equal(state["x"], 1.0)
    assert "step 2 cannot be read" in capsys.readouterr().out


def test_a_half_written_state_is_not_there(tmp_path):
    save_two(tmp_path)
    (tmp_path / "state" / "2").rename(tmp_path / "state" / "2.orbax-checkpoint-tmp")
    assert newest(tmp_path)[0] == 1


def test_a_state_of_another_network_is_refused(tmp_path):
    save_two(tmp_path)
    other = {"x": jax.ShapeDtypeStruct((4,), np.float32), "y": np.zeros(2)}
    with pytest.raises(UsageError, match=r"x is \(3,\) there and \(4,\) in this.* 1 more differ"):
        newest(tmp_path, other)


def test_a_checkpoint_of_another_network_is_refused(tmp_path):
    folder = write_tiny_network(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["model"]["pair_width"] = 24
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(DataError, match=r"not the network of its config.json: .* and .* differ"):
        load_checkpoint(folder)


def test_difference_of_equal_trees_is_empty():
    assert (
        difference({"a": {"b": np.zeros(3)}}, {"a": {"b": jax.ShapeDtypeStruct((3,), "f4")}}) == ""
    )
