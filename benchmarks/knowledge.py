"""What background knowledge does to the pairs that it does not speak of.

    python benchmarks/knowledge.py            the default checkpoint

True statements are drawn as in training (tiers, single edges and non-edges, or both) and given to
the network. Average precision is over the ordered pairs of which nothing is said in either
direction, so that enforcing the statements themselves gains nothing.
"""

from __future__ import annotations

from typing import Annotated

import amortize

# isort: split
import jax
import jax.numpy as jnp
import numpy as np
import typer
from sklearn.metrics import average_precision_score

from amortize.batch import UNKNOWN
from amortize.question import draw_knowledge
from simulators import sample

SEED = 51_000  # training and the other evaluations use others
DATASETS, ROWS, VARIABLES = 128, 200, 10
SCENARIOS = ("linear-gaussian", "mixture")


def precision(p_bdd: np.ndarray, graph_bdd: np.ndarray, open_bdd: np.ndarray) -> float:
    """Mean over tables of the average precision among the pairs that are True in `open_bdd`."""
    scores = [
        average_precision_score(graph[some], p[some])
        for p, graph, some in zip(p_bdd, graph_bdd, open_bdd, strict=True)
        if graph[some].any()
    ]
    return float(np.mean(scores))


def main(checkpoint: Annotated[str | None, typer.Argument(help="Name or folder.")] = None) -> None:
    """Print the average precision without and with knowledge."""
    model = amortize.load(checkpoint)
    for scenario in SCENARIOS:
        data = sample(scenario, DATASETS, ROWS, VARIABLES, SEED)
        table = [
            np.stack([getattr(x, f) for x in data]) for f in ("values", "observed", "intervened")
        ]
        graph_bdd = np.stack([x.graph for x in data])
        keys = jax.random.split(jax.random.key(SEED), DATASETS)
        real_d = jnp.ones(VARIABLES, bool)
        known_bdd = np.asarray(jax.vmap(draw_knowledge, (0, 0, None))(keys, graph_bdd, real_d))
        told_bdd = (known_bdd != UNKNOWN) | (known_bdd.swapaxes(1, 2) != UNKNOWN)
        open_bdd = ~told_bdd & ~np.eye(VARIABLES, dtype=bool)
        without = precision(model.probabilities(*table), graph_bdd, open_bdd)
        given = precision(model.probabilities(*table, knowledge_bdd=known_bdd), graph_bdd, open_bdd)
        share = told_bdd.sum() / (DATASETS * VARIABLES * (VARIABLES - 1))
        print(
            f"{scenario} n={ROWS} d={VARIABLES}: {share:.0%} of the pairs spoken of; average "
            f"precision of the others {without:.3f} without knowledge, {given:.3f} with it"
        )


if __name__ == "__main__":
    typer.run(main)
