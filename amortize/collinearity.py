"""Columns that say the same: copies up to scale, and exact linear combinations of each other."""

from __future__ import annotations

import numpy as np

# Columns are written with a few digits, so that copies and totals are never quite exact.
SAME = 1 - 1e-5  # absolute correlation from which two columns are one quantity
EXACT = 1e-5  # eigenvalue of the correlation matrix under which a combination is constant
SHARE = 1e-3  # of the largest weight; columns with less take no part in a combination
MOST = 5  # of each kind are told


def same_quantity(values: np.ndarray, usable: np.ndarray) -> list[tuple[int, int]]:
    """Pairs of columns of [n, d] that are equal up to scale and offset, missing cells included."""
    centred = np.nan_to_num(values - np.nanmean(np.where(usable, values, 0.0), axis=0))
    correlation = np.abs(_unit(centred).T @ _unit(centred))
    pairs = np.argwhere(np.triu(correlation > SAME, k=1) & np.outer(usable, usable))
    return [(int(i), int(j)) for i, j in pairs[:MOST]]


def combinations(values: np.ndarray, usable: np.ndarray) -> list[list[int]]:
    """Groups of three or more columns of which each follows exactly from the others.

    A total and its parts, shares that add up to one. Copies are told by `same_quantity` and only
    the first of them is looked at here. Judged on the rows without missing cells; nothing is found
    where these are not clearly more than the columns.
    """
    copies = {second for _, second in same_quantity(values, usable)}
    kept = np.array([i for i in np.flatnonzero(usable) if i not in copies], dtype=int)
    x = values[:, kept]
    x = x[~np.isnan(x).any(axis=1)]
    if len(x) < 2 * len(kept) + 2 or len(kept) < 3:
        return []
    z = _unit(x - x.mean(axis=0))
    weights, vectors = np.linalg.eigh(z.T @ z)
    constant = np.abs(z).max(axis=0) == 0
    found = []
    # Several exact combinations span a space of which the vectors are an arbitrary basis: each is
    # made to use as few columns as possible by elimination.
    for vector in _reduced(vectors[:, weights < EXACT].T):
        group = np.flatnonzero((np.abs(vector) > SHARE * np.abs(vector).max()) & ~constant)
        if len(group) > 2:
            found.append([int(kept[i]) for i in group])
    return found[:MOST]


def _unit(x: np.ndarray) -> np.ndarray:
    """Columns scaled to length one; squares of huge values must not overflow."""
    largest = np.abs(x).max(axis=0, initial=0.0)
    x = x / np.where(largest > 0, largest, 1.0)
    norms = np.linalg.norm(x, axis=0)
    return x / np.where(norms > 0, norms, 1.0)


def _reduced(basis: np.ndarray) -> np.ndarray:
    """Reduced row echelon form of [k, d], pivots being the largest entries."""
    basis = basis.copy()
    for row in range(len(basis)):
        pivot = int(np.abs(basis[row]).argmax())
        basis[row] /= basis[row, pivot]
        for other in range(len(basis)):
            if other != row:
                basis[other] -= basis[other, pivot] * basis[row]
    return basis
