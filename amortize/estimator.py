"""The network in scikit-learn's shape, for those who swap one method for another."""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from sklearn.base import BaseEstimator
from sklearn.utils.validation import validate_data

from amortize.header import cleaned
from amortize.predict import Predictor, load
from amortize.table import FEWEST_ROWS, FEWEST_VARIABLES

if TYPE_CHECKING:
    from numpy.typing import ArrayLike


class CausalDiscovery(BaseEstimator):
    """Causal discovery by one pass of a pretrained network; `fit` trains nothing.

    Args:
        checkpoint: the bundled default (None), a bundled network's name, or a folder.
        threshold: probability from which a pair counts as connected.

    Attributes:
        adjacency_matrix_: int [d, d]; 1 at row i, column j where i causes j. Acyclic. (LiNGAM's
            own packages have it the other way round: transpose.)
        probabilities_: float [d, d]; probability that i causes j directly.
        graph_: the whole answer, a `CausalGraph`, with warnings and assumptions.
        n_features_in_: d, every column of X. One that cannot be used (a constant, text, an
            identifier; see graph_.columns) keeps its place, and its probabilities are 0.
        feature_names_in_: names of the columns, where X is a DataFrame with text names.
    """

    def __init__(self, checkpoint: str | Path | None = None, threshold: float = 0.5) -> None:
        self.checkpoint = checkpoint
        self.threshold = threshold

    def fit(
        self,
        X: "ArrayLike | pd.DataFrame",
        y: None = None,
        interventions: "ArrayLike | pd.DataFrame | None" = None,
        knowledge: object = None,
    ) -> "CausalDiscovery":
        """Predict the graph of a table.

        Args:
            X: array [n, d] with NaN for missing, or a DataFrame.
            y: ignored; it is there for pipelines.
            interventions: 0/1 of the same shape; 1 = the cell was set by the experimenter.
            knowledge: background knowledge, as in `Predictor.predict`.

        Raises:
            DataError: the table, the mask or the checkpoint cannot be used; a ValueError.
            UsageError: the threshold is not above 0 and up to 1; a ValueError.
        """
        if isinstance(X, pd.DataFrame):
            validate_data(self, X, skip_check_array=True)  # pyright: ignore (takes any X)
            columns = [cleaned(name) for name in X.columns]
        else:
            X = validate_data(
                self,
                X,  # pyright: ignore (annotated as text in scikit-learn)
                dtype="numeric",
                ensure_all_finite="allow-nan",
                ensure_min_samples=FEWEST_ROWS,
                ensure_min_features=FEWEST_VARIABLES,
            )
            columns = [f"x{i}" for i in range(np.shape(X)[1])]
        graph = _network(self.checkpoint).predict(
            X, interventions=interventions, knowledge=knowledge, threshold=self.threshold
        )
        places = [columns.index(name) for name in graph.names]
        square = np.ix_(places, places)
        self.graph_ = graph
        self.probabilities_ = np.zeros((len(columns), len(columns)))
        self.probabilities_[square] = graph.probabilities
        self.adjacency_matrix_ = np.zeros((len(columns), len(columns)), dtype=int)
        for cause, effect in graph.dag().edges:
            self.adjacency_matrix_[columns.index(cause), columns.index(effect)] = 1
        return self

    def __sklearn_tags__(self) -> Any:
        """Missing cells are welcome."""
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags


@lru_cache(maxsize=4)
def _network(checkpoint: str | Path | None) -> Predictor:
    """Loaded once, so that fits in a loop do not compile again."""
    return load(checkpoint)
