"""The bundled checkpoint on the bundled example: the answer may not drift unnoticed.

Renew with `python tests/test_golden.py` after a new checkpoint, never to silence a failure.
"""

from pathlib import Path

import numpy as np
import pandas as pd

import amortize

EXAMPLE = Path(__file__).parents[1] / "examples" / "compression"
GOLDEN = Path(__file__).parent / "golden.csv"


def answer() -> pd.DataFrame:
    data = pd.read_csv(EXAMPLE / "interventional.csv")
    mask = pd.read_csv(EXAMPLE / "interventional_mask.csv")
    graph = amortize.load().predict(data, interventions=mask)
    return pd.DataFrame(graph.probabilities, index=graph.names, columns=pd.Index(graph.names))


def test_prediction_on_the_example_is_the_recorded_one():
    expected = pd.read_csv(GOLDEN, index_col=0)
    found = answer()
    assert list(found.columns) == list(expected.columns)
    # Float order differs between processors and versions of XLA; a wrong input differs by far more.
    np.testing.assert_allclose(found.to_numpy(), expected.to_numpy(), atol=5e-3)


if __name__ == "__main__":
    answer().round(5).to_csv(GOLDEN)
