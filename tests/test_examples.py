"""The bundled example: its files agree, its graph is the script's, its edges show in the data."""

import sys
from pathlib import Path

import networkx as nx
import numpy as np
import pandas as pd
import pytest
from scipy.stats import ks_2samp

EXAMPLE = Path(__file__).parents[1] / "examples" / "compression"
# One direct cause each, so that setting the knob must remove the correlation.
POLICIES = {"effort_pct": "vocabulary", "block_bytes": "packed_kb", "spot_checks": "pack_ms"}


@pytest.fixture(scope="module")
def scripts():
    """The modules measure and check, which live beside the data and belong to no package."""
    sys.path.insert(0, str(EXAMPLE))
    try:
        import check
        import measure
    finally:
        sys.path.remove(str(EXAMPLE))
    return measure, check


@pytest.fixture(scope="module")
def observational() -> pd.DataFrame:
    return pd.read_csv(EXAMPLE / "observational.csv")


@pytest.fixture(scope="module")
def interventional() -> pd.DataFrame:
    return pd.read_csv(EXAMPLE / "interventional.csv")


@pytest.fixture(scope="module")
def mask() -> pd.DataFrame:
    return pd.read_csv(EXAMPLE / "interventional_mask.csv")


@pytest.fixture(scope="module")
def truth() -> pd.DataFrame:
    return pd.read_csv(EXAMPLE / "truth.csv")


def test_files_agree_and_are_large_enough(observational, interventional, mask):
    assert list(observational) == list(interventional) == list(mask)
    assert observational.shape[0] >= 1000
    assert observational.shape[1] >= 8
    assert interventional.shape == mask.shape
    assert interventional.shape[0] >= 800
    for table in (observational, interventional):
        assert np.isfinite(table.to_numpy(dtype=float)).all()


def test_truth_names_the_variables_and_is_acyclic(observational, truth):
    assert list(truth) == ["cause", "effect", "why"]
    graph = nx.DiGraph(list(zip(truth["cause"], truth["effect"], strict=True)))
    assert set(graph) == set(observational)
    assert graph.number_of_edges() == len(truth)
    assert nx.is_directed_acyclic_graph(graph)
    assert truth["why"].str.len().min() > 10


def test_truth_is_what_the_functions_read(scripts, truth, observational):
    measure, check = scripts
    assert list(measure.NAMES) == list(observational)
    written = set(zip(truth["cause"], truth["effect"], strict=True))
    assert written == {(c, effect) for effect, causes in measure.CAUSES.items() for c in causes}
    assert {k: tuple(v) for k, v in check.read_causes().items()} == {
        effect: causes for effect, causes in measure.CAUSES.items() if causes
    }


def test_every_edge_is_visible(scripts):
    _, check = scripts
    data = check.read_columns(EXAMPLE / "observational.csv")
    effects = list(check.edge_effects(data, check.read_causes()))
    assert len(effects) == 16
    for cause, effect, _, t_value, lost in effects:
        assert abs(t_value) > 10, (cause, effect)
        assert lost > 0.02, (cause, effect)


def test_nothing_is_an_exact_function_of_the_rest(scripts, observational):
    _, check = scripts
    data = check.read_columns(EXAMPLE / "observational.csv")
    for name in data:
        others = [other for other in data if other != name]
        assert np.mean(check.residual(data, name, others, 2) ** 2) > 0.01, name
    correlations = observational.corr().abs().to_numpy() - np.eye(observational.shape[1])
    assert correlations.max() < 0.95


def test_timings_share_no_visible_hidden_cause(scripts):
    _, check = scripts
    data, causes = check.read_columns(EXAMPLE / "observational.csv"), check.read_causes()
    left = np.stack([check.residual(data, name, causes[name], 3) for name in check.TIMINGS])
    correlations = np.abs(np.corrcoef(left)) - np.eye(len(left))
    assert correlations.max() < 0.1


def test_mask_marks_single_targets_and_unset_rows(scripts, mask):
    measure, _ = scripts
    cells = mask.to_numpy()
    assert set(np.unique(cells)) == {0, 1}
    assert set(np.unique(cells.sum(axis=1))) == {0, 1}
    assert (cells.sum(axis=1) == 0).sum() == measure.SAMPLES_UNSET
    counts = mask.sum()
    assert set(counts[counts > 0].index) == set(measure.SET_RANGES)
    assert set(counts[counts > 0]) == {measure.SAMPLES_SET}


def test_set_rows_differ_from_unset_rows(scripts, interventional, mask):
    measure, _ = scripts
    for name, (low, high) in measure.SET_RANGES.items():
        was_set = mask[name] == 1
        assert interventional.loc[was_set, name].between(low, high).all()
        pair = interventional.loc[was_set, name], interventional.loc[~was_set, name]
        assert ks_2samp(*pair).pvalue < 0.01, name
    for knob, cause in POLICIES.items():
        was_set = mask[knob] == 1
        both = interventional[[knob, cause]]
        assert abs(both[~was_set].corr().iloc[0, 1]) > 0.5, knob
        assert abs(both[was_set].corr().iloc[0, 1]) < 0.35, knob


def test_files_are_small():
    for path in EXAMPLE.iterdir():
        if path.is_file():
            assert path.stat().st_size < 300_000, path.name


def test_measure_runs_and_repeats_what_no_clock_touches(scripts, observational, tmp_path):
    measure, _ = scripts
    tables = []
    for run in ("first", "second"):
        measure.main(out=tmp_path / run, samples=5, unset=1, per_knob=1)
        tables.append(pd.read_csv(tmp_path / run / "observational.csv"))
        set_cells = pd.read_csv(tmp_path / run / "interventional_mask.csv")
        assert set_cells.to_numpy().sum() == len(measure.SET_RANGES)
    first, second = tables
    assert list(first) == list(observational)
    assert first.shape == (5, observational.shape[1])
    exact = ["rows", "columns", "vocabulary", "table_kb", "effort_pct", "packed_kb", "block_bytes"]
    pd.testing.assert_frame_equal(first[exact], second[exact])
    assert (first[["pack_ms", "index_ms", "checksum_us", "verify_ms"]] > 0).all(axis=None)
    # The free knobs do not depend on how many rows are asked for.
    pd.testing.assert_frame_equal(
        first[["rows", "columns", "vocabulary"]],
        observational[["rows", "columns", "vocabulary"]].head(5),
    )
