"""An untrained network on disk, for tests of everything around it."""

from pathlib import Path

import jax
import numpy as np

from amortize.checkpoint import save_checkpoint
from amortize.config import tiny
from amortize.model import init


def write_tiny_network(folder: Path, name: str = "tiny") -> Path:
    """A checkpoint of preset tiny with random parameters, none of them zero."""
    config = tiny()
    rng = np.random.default_rng(0)
    shapes = jax.eval_shape(lambda: init(config.model, 0))  # drawing them would compile for long

    def drawn(path, leaf) -> np.ndarray:
        kernel = jax.tree_util.keystr(path[-1:]).strip("[]'") == "kernel"
        noise = rng.normal(0, leaf.shape[-2] ** -0.5 if kernel else 0.1, leaf.shape)
        return (noise + ("scale" in jax.tree_util.keystr(path[-1:]))).astype(np.float32)

    params = jax.tree_util.tree_map_with_path(drawn, shapes)
    params["head"]["kernel"][:, 0] *= 5  # an edge's logit varies between pairs,
    params["head"]["kernel"][:, 1] = 0  # that of no edge does not
    card = {"name": name, "preset": "tiny", "step": 40, "datasets": 240, "hours": 0.01}
    card |= {"ranges": config.ranges, "assumptions": "Assumes nothing.", "versions": {"jax": "x"}}
    card |= {"measured": {"mixture": {"auroc": 0.5, "f1": 0.25}, "other": {"auroc": 0.75}}}
    save_checkpoint(folder / name, params, config, card)
    return folder / name
