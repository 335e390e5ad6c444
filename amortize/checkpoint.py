"""Writing and reading checkpoints; the only file that imports Orbax.

A released checkpoint is a directory that describes itself: `params/` (Orbax), `config.json` (model,
prior, training) and `card.json` (what it was trained on and how well it does). A training run keeps
its whole state, of which the newest readable step is resumed.
"""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from orbax.checkpoint import v1

from amortize.config import TrainConfig, from_dict, to_dict
from amortize.errors import DataError, UsageError
from amortize.model import Params, init

ocp: Any = v1  # its annotations are narrower than what it takes
UNREADABLE = (ValueError, KeyError, TypeError, OSError, ocp.errors.InvalidLayoutError)


@dataclass(frozen=True)
class Checkpoint:
    """A released network."""

    path: Path
    params: Params  # nested dictionary of arrays
    config: TrainConfig
    card: dict[str, Any]

    @property
    def lineage(self) -> str:
        """What a run that starts from these parameters says of its start."""
        before = self.card.get("started_from", "fresh parameters")
        return f"{self.card.get('name')}, {self.card.get('datasets', 0):,} datasets, from {before}"


def save_checkpoint(path: Path, params: Params, config: TrainConfig, card: dict[str, Any]) -> None:
    """Write a released checkpoint, float32; an earlier one at `path` is replaced last.

    Of several processes all must call it; the first writes.
    """
    path = Path(path).absolute()
    partial = path.with_name(path.name + ".partial")
    first = jax.process_index() == 0
    if first:
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
    ocp.save(partial / "params", jax.tree.map(lambda x: np.asarray(x, np.float32), params))
    if not first:
        return
    # Orbax's marker names the folder it was written in; that it is there is all that counts.
    for marker in (partial / "params").glob("commit_success*"):
        marker.write_text("saved\n")
    write_json(partial / "config.json", to_dict(config))
    write_json(partial / "card.json", card)
    if path.exists():
        shutil.rmtree(path)
    partial.rename(path)


def load_checkpoint(path: Path) -> Checkpoint:
    """Read a released checkpoint on any device.

    Raises:
        DataError: the directory is missing, incomplete, or of another architecture.
    """
    path = Path(path).absolute()
    for part in ("config.json", "card.json", "params"):
        if not (path / part).exists():
            raise DataError(f"checkpoint {path}: {part} is missing; is this a released checkpoint?")
    try:
        config = from_dict(json.loads((path / "config.json").read_text()))
        card = json.loads((path / "card.json").read_text())
    except json.JSONDecodeError as error:
        raise DataError(
            f"checkpoint {path}: its JSON is damaged ({error}); copy it anew"
        ) from error
    shapes = jax.eval_shape(lambda: init(config.model, 0))
    template = jax.tree.map(lambda x: np.empty(x.shape, x.dtype), shapes)
    try:
        other = difference(ocp.metadata(path / "params").metadata, shapes)
        params: Params = {} if other else ocp.load(path / "params", template)
    except UNREADABLE as error:
        raise DataError(f"checkpoint {path}: parameters do not load: {_brief(error)}") from error
    if other:
        raise DataError(f"checkpoint {path}: not the network of its config.json: {other}")
    return Checkpoint(path, params, config, card)


class RunStore:
    """The states of one training run, in `folder`/state: the newest two, atomically written.

    Of several processes all must call every method.
    """

    def __init__(self, folder: Path) -> None:
        self._manager = ocp.training.Checkpointer(
            Path(folder).absolute() / "state",
            preservation_policy=ocp.training.preservation_policies.LatestN(2),
            cleanup_tmp_directories=True,
        )

    def save(self, step: int, state: Any, progress: dict[str, Any] | None = None) -> None:
        """Write the state of a step (any pytree of arrays); returns once it is safe on disk.

        `progress` is JSON that belongs to it.
        """
        self._manager.save_checkpointables(
            step, {"state": _named(state)}, overwrite=True, custom_metadata=progress or {}
        )

    def newest(self, template: Any) -> tuple[int, Any, dict[str, Any]] | None:
        """Step, state (shaped as `template`, in host memory) and progress of the newest state.

        None when there is no state that can be read. A damaged one is named on standard output and
        the one before it is taken.

        Raises:
            UsageError: the state is of another architecture.
        """
        shapes = _named(template)
        names = {name: np.empty(x.shape, x.dtype) for name, x in shapes.items()}
        for found in sorted(self._manager.checkpoints, key=lambda c: c.step, reverse=True):
            try:
                about = self._manager.checkpointables_metadata(found.step)
                if about.metadata.get("state") is None:
                    raise ValueError("its list of arrays is damaged")
                other = difference(about.metadata["state"], shapes)
                loaded = {} if other else self._load(found.step, names)
            except UNREADABLE as error:
                reason = _brief(error)
                print(f"state of step {found.step} cannot be read ({reason}); trying an older one")
                continue
            if other:
                raise UsageError(
                    f"the state of step {found.step} is of another network: {other}; choose "
                    "another --out, or give the --set model... that the run began with"
                )
            leaves = [loaded[name] for name in names]
            state = jax.tree.unflatten(jax.tree.structure(template), leaves)
            return found.step, state, about.custom_metadata or {}
        return None

    def _load(self, step: int, names: dict[str, Any]) -> Any:
        return self._manager.load_checkpointables(step, {"state": names})["state"]

    def close(self) -> None:
        """Wait for writes to end."""
        self._manager.close()


def difference(found: Any, wanted: Any) -> str:
    """One line on the first array in which two trees differ in shape, "" where none does."""
    here, there = (
        {name: tuple(leaf.shape) for name, leaf in _named(tree).items()} for tree in (found, wanted)
    )
    names = [name for name in here | there if here.get(name) != there.get(name)]
    if not names:
        return ""
    first, rest = names[0], len(names) - 1
    shapes = [str(x[first]) if first in x else "absent" for x in (here, there)]
    more = f", and {rest} more differ" if rest else ""
    return f"{first} is {shapes[0]} there and {shapes[1]} in this config{more}"


def _named(tree: Any) -> dict[str, Any]:
    """Leaves by their path: Orbax need not know optax's and our own containers."""
    return {
        jax.tree_util.keystr(path, simple=True, separator="."): leaf
        for path, leaf in jax.tree_util.tree_flatten_with_path(tree)[0]
    }


def _brief(error: Exception) -> str:
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return first if len(first) <= 160 else first[:157] + "..."


def write_json(path: Path, data: Any) -> None:
    """Indented JSON with a final newline, whole or not at all."""
    partial = path.with_name(path.name + ".partial")
    partial.write_text(json.dumps(data, indent=1, sort_keys=True) + "\n")
    partial.rename(path)
