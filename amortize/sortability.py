"""How far the scale of a simulated table gives the causal order away.

1 or 0: sorting the columns finds (or inverts) the order; 0.5: no information. A benchmark far
from 0.5 can be won without any causal reasoning, so both stand beside every result.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def varsortability(values_nd: NDArray, graph_dd: NDArray) -> float:
    """Share of causal paths along which the variance grows (Reisach et al. 2021), raw scale.

    NaN when the graph has no edge.
    """
    return path_share(np.var(np.asarray(values_nd, float), axis=0), graph_dd)


def r2_sortability(values_nd: NDArray, graph_dd: NDArray) -> float:
    """Share of causal paths along which R^2 given all others grows (Reisach et al. 2023).

    R^2 comes from the linear regression of each column on all the others: 1 - 1 / (its entry on
    the diagonal of the inverse correlation matrix). NaN when the graph has no edge.
    """
    values = np.asarray(values_nd, float)
    scale = values.std(axis=0)
    z = (values - values.mean(axis=0)) / np.where(scale > 0, scale, 1.0)
    inverse = np.linalg.pinv(z.T @ z / len(z), hermitian=True)
    return path_share(1.0 - 1.0 / np.clip(np.diag(inverse), 1.0, None), graph_dd)


def path_share(scores_d: NDArray, graph_dd: NDArray) -> float:
    """Share of (start, end, length) of directed paths whose end has the larger score; ties half.

    Each pair of variables counts once for every length of path between them, as in the papers.
    """
    graph = np.asarray(graph_dd).astype(bool)
    grows = scores_d[None, :] - scores_d[:, None]
    same = np.isclose(grows, 0.0, atol=1e-9 * max(1.0, float(np.abs(scores_d).max(initial=0.0))))
    value = np.where(same, 0.5, grows > 0)
    ordered = paths = 0.0
    reach = graph.copy()
    for _ in range(len(graph) - 1):
        ordered += value[reach].sum()
        paths += reach.sum()
        reach = (reach.astype(int) @ graph.astype(int)) > 0
    return float(ordered / paths) if paths else float("nan")
