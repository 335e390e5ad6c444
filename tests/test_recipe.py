"""Families drawn together: pure datasets, and combinations that never occur."""

import dataclasses

import jax
import numpy as np
import pytest
from scipy import stats

from simulators.held_out import HELD_OUT, held_out_prior
from simulators.noise import GAUSSIAN
from simulators.prior import GraphWeights, MechanismWeights, NoiseWeights, Prior, PriorError
from simulators.recipe import Recipe, sample_recipe, substitutes
from simulators.wide import wide

COUNT, D = 20_000, 6
PARTS = (GraphWeights, MechanismWeights, NoiseWeights)
NAMES = [[f.name for f in dataclasses.fields(part)] for part in PARTS]


def recipes(prior: Prior) -> Recipe:
    keys = jax.random.split(jax.random.key(1), COUNT)
    drawn = jax.jit(jax.vmap(lambda key: sample_recipe(key, prior, D)))(keys)
    return Recipe(*(np.asarray(field) for field in drawn))


@pytest.fixture(scope="module")
def widely() -> Recipe:
    return recipes(wide())


def test_half_of_the_datasets_are_pure(widely):
    assert stats.binomtest(int(widely.pure.sum()), COUNT, 0.5).pvalue > 1e-4
    for family_d in (widely.mechanism_d, widely.noise_d):
        assert (family_d[widely.pure] == family_d[widely.pure][:, :1]).all()
        assert (family_d[~widely.pure] != family_d[~widely.pure][:, :1]).any(1).mean() > 0.2


def test_linear_models_with_and_without_gaussian_noise_are_both_common(widely):
    linear = widely.pure & (widely.mechanism_d[:, 0] == 0)
    gaussian = widely.noise_d[:, 0] == GAUSSIAN
    assert (linear & gaussian).mean() > 0.08
    assert (linear & ~gaussian).mean() > 0.08


def test_every_family_of_the_wide_prior_occurs(widely):
    for name, drawn in zip(("graphs", "mechanisms", "noise"), widely[1:], strict=True):
        part = getattr(wide(), name)
        weights = [getattr(part, f.name) for f in dataclasses.fields(part)]
        assert set(np.unique(drawn)) == set(np.flatnonzero(weights))


def test_mixed_datasets_follow_the_weights_of_their_own(widely):
    prior = dataclasses.replace(wide(), held_out=())
    drawn = recipes(prior)
    counts = np.bincount(drawn.mechanism_d[~drawn.pure][:, 0], minlength=8)
    weights = np.array([getattr(prior.mechanisms, name) for name in NAMES[1]])
    assert stats.chisquare(counts, weights / weights.sum() * counts.sum()).pvalue > 1e-4
    counts = np.bincount(drawn.noise_d[drawn.pure][:, 0], minlength=9)
    assert prior.pure is not None
    weights = np.array([getattr(prior.pure.noise, name) for name in NAMES[2]])
    assert stats.chisquare(counts, weights / weights.sum() * counts.sum()).pvalue > 1e-4


def test_held_out_combinations_never_occur(widely):
    """Not in a single variable of 20,000 datasets; without the declaration all of them do."""

    def occurring(drawn: Recipe) -> set[tuple[str, str, str]]:
        graph_nd = np.broadcast_to(drawn.graph[:, None], drawn.noise_d.shape)
        parts = (graph_nd, drawn.mechanism_d, drawn.noise_d)
        found = np.unique(np.stack([part.ravel() for part in parts], 1), axis=0)
        return {
            (NAMES[0][g], NAMES[1][m], NAMES[2][e])
            for g, m, e in found  # one each
        }

    assert not set(HELD_OUT) & occurring(widely)
    assert set(HELD_OUT) <= occurring(recipes(dataclasses.replace(wide(), held_out=())))


def test_each_held_out_combination_can_be_drawn_for_evaluation():
    for combination in HELD_OUT:
        prior = held_out_prior(combination, wide())
        for part, family in zip(("graphs", "mechanisms", "noise"), combination, strict=True):
            weights = dataclasses.asdict(getattr(prior, part))
            assert [name for name, weight in weights.items() if weight > 0] == [family]
        assert prior.pure is not None and prior.pure.share == 1.0 and not prior.held_out
        assert prior.systems is None  # whose tables have no such parts


def test_substitutes_change_nothing_else():
    table = substitutes(wide())
    changed = np.argwhere(table != np.arange(table.shape[2]))
    held = {tuple(n.index(f) for n, f in zip(NAMES, one, strict=True)) for one in HELD_OUT}
    assert {tuple(index) for index in changed.tolist()} == held


@pytest.mark.parametrize(
    ("held_out", "message"),
    [
        ((("erdos_renyi", "mlp"),), "must name"),
        ((("erdos_renyi", "mlp", "pink"),), "must name"),
        (tuple(("erdos_renyi", "mlp", noise) for noise in NAMES[2]), "no noise left"),
    ],
)
def test_a_combination_that_cannot_be_held_out_is_refused(held_out, message):
    with pytest.raises(PriorError, match=rf"prior\.held_out: .*{message}"):
        Prior(held_out=held_out)
