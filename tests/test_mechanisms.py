"""Structural functions against NumPy formulas, and Gaussian processes against their kernels."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats
from worlds import banks, quick_jit

from simulators.mechanisms import (
    LINEAR,
    MLP,
    POLYNOMIAL,
    RFF,
    RFF_ADDITIVE,
    SATURATING,
    THRESHOLD,
    TREE,
    evaluate,
    sample_functions,
)
from simulators.prior import MechanismWeights, Prior

D, CHILD, FEATURES = 5, 3, 8
PARENTS = np.zeros((D, D), bool)
PARENTS[CHILD, [0, 1]] = True  # the child reads variables 0 and 1, not 2 and 4
PARENTS[4, [0, 1, 2, 3]] = True
WEIGHTS = (0.4, 0.3, 0.2, 0.1)
POINTS, LENGTH = 7, 1.3


class Drawn(NamedTuple):
    """The functions of all variables; an axis of draws in front."""

    weight_ddk: np.ndarray  # child, parent, feature
    bias_dk: np.ndarray
    amplitude_dk: np.ndarray
    family_d: np.ndarray
    leaky_d: np.ndarray
    size_d: np.ndarray


def draw(prior, count, x):
    """Functions, and the value of the child's at `x` [points, D] for each of them."""

    def one(key):
        functions = sample_functions(key, prior, jnp.asarray(PARENTS))
        every = banks(functions, prior)
        bank = jax.tree.map(lambda leaf: leaf[CHILD], every)
        family, leaky = functions.family_d[CHILD], functions.leaky_d[CHILD]
        drawn = Drawn(*every, functions.family_d, functions.leaky_d, functions.size_d)
        return drawn, evaluate(bank, family, leaky, x)

    keys = jax.random.split(jax.random.key(0), count)
    drawn, f = quick_jit(jax.vmap(one))(keys)
    return jax.tree.map(np.asarray, drawn), np.asarray(f, float)


def weights(prior, parents, count):
    """The weights [count, child, parent, feature] of many draws."""

    def one(key):
        return banks(sample_functions(key, prior, jnp.asarray(parents)), prior).weight_dk

    return np.asarray(quick_jit(jax.vmap(one))(jax.random.split(jax.random.key(0), count)))


def points():
    """Random points; the first moved along each axis; the corners of a rectangle; the origin."""
    x = np.random.default_rng(0).normal(size=(20, D))
    corners = np.zeros((4, D))
    corners[:, :2] = [[0.3, -0.8], [1.7, -0.8], [0.3, 1.1], [1.7, 1.1]]
    return np.concatenate([x, x[:1] + np.eye(D), corners, np.zeros((1, D))]).astype(np.float32)


@pytest.fixture(scope="module")
def mixed() -> tuple[Drawn, np.ndarray]:
    prior = Prior(mechanisms=MechanismWeights(*WEIGHTS), features=FEATURES, mixed_mechanisms=0.5)
    return draw(prior, 6000, points())


def of_family(mixed, family):
    bank, f = mixed
    chosen = bank.family_d[:, CHILD] == family
    return Drawn(*(leaf[chosen] for leaf in bank)), f[chosen]


@pytest.fixture(scope="module")
def gaussian_process():
    x = np.random.default_rng(0).normal(size=(2 * POINTS, D)).astype(np.float32)
    x[POINTS:, :2] = x[:POINTS, :2]  # the second half differs in what the child must ignore
    prior = Prior(
        mechanisms=MechanismWeights(0.0, 0.5, 0.5, 0.0),
        features=FEATURES,
        mixed_mechanisms=1.0,
        length_scale=(LENGTH, LENGTH),
    )
    return x, draw(prior, 12_000, x)


def kernel(x, family, length):
    """Of all parents jointly, or the mean of the kernels of each."""
    r2 = (x[:, None, :2].astype(float) - x[None, :, :2]) ** 2
    if family == RFF:
        return np.exp(-r2.sum(-1) / (2 * length**2))
    return np.exp(-r2 / (2 * length**2)).mean(-1)


@pytest.mark.parametrize("family", [RFF, RFF_ADDITIVE])
def test_fourier_features_have_the_kernel_of_a_gaussian_process(gaussian_process, family):
    """An empirical covariance errs by sqrt((k(x, x) k(y, y) + k(x, y)^2) / draws), or more."""
    x, drawn = gaussian_process
    _, f = of_family(drawn, family)
    assert len(f) > 5000
    assert np.abs(f.mean(0)).max() < 5 / np.sqrt(len(f))
    found = f.T @ f / len(f)
    tolerance = 5 * np.sqrt(2.5 / len(f))
    assert np.abs(found - kernel(x, family, LENGTH)).max() < tolerance
    other = RFF_ADDITIVE if family == RFF else RFF
    assert np.abs(found - kernel(x, other, LENGTH)).max() > tolerance
    assert np.abs(found - kernel(x, family, LENGTH * np.sqrt(2))).max() > tolerance


def test_rough_functions_have_the_matern_kernel():
    """Of smoothness 1/2, 3/2 or 5/2, each as likely, with a length of its own for every parent."""
    x = np.random.default_rng(1).normal(size=(POINTS, D)).astype(np.float32)
    prior = Prior(
        mechanisms=MechanismWeights(0.0, 0.0, 0.0, 0.0, matern=1.0),
        features=FEATURES,
        matern_length=(LENGTH, LENGTH),
    )
    _, f = draw(prior, 12_000, x)
    r = np.linalg.norm(x[:, None, :2].astype(float) - x[None, :, :2], axis=-1) / LENGTH
    rough = np.exp(-r)
    middle = (1 + np.sqrt(3) * r) * np.exp(-np.sqrt(3) * r)
    smooth = (1 + np.sqrt(5) * r + 5 * r**2 / 3) * np.exp(-np.sqrt(5) * r)
    tolerance = 5 * np.sqrt(2.5 / len(f))
    found = f.T @ f / len(f)
    assert np.abs(found - (rough + middle + smooth) / 3).max() < tolerance
    assert np.abs(found - rough).max() > tolerance and np.abs(found - smooth).max() > tolerance


def test_rough_functions_have_a_length_for_every_parent():
    parents = np.tril(np.ones((3, 3), bool), -1)
    prior = Prior(mechanisms=MechanismWeights(0.0, 0.0, 0.0, 0.0, matern=1.0), features=FEATURES)
    weight = np.abs(weights(prior, parents, 500)[:, 2, :2])
    ratio = np.log(np.median(weight[:, 0], 1) / np.median(weight[:, 1], 1))
    # The difference of two log-uniform lengths is triangular; medians of few features add some.
    width = np.log(prior.matern_length[1] / prior.matern_length[0])
    assert abs(ratio.std() - width / np.sqrt(6)) < 0.35


def test_additive_functions_have_no_interaction(mixed):
    """f(a, b) - f(a', b) - f(a, b') + f(a', b') = 0 exactly when f is a sum over parents."""
    difference = {}
    for family in (LINEAR, RFF, RFF_ADDITIVE, MLP):
        _, f = of_family(mixed, family)
        corner = f[:, 25:29]
        interaction = corner[:, 0] - corner[:, 1] - corner[:, 2] + corner[:, 3]
        difference[family] = np.abs(interaction) / f.std(1)
    assert difference[LINEAR].max() < 1e-4 and difference[RFF_ADDITIVE].max() < 1e-3
    assert np.median(difference[RFF]) > 0.05 and np.median(difference[MLP]) > 0.05


@pytest.mark.parametrize("family", [LINEAR, RFF, RFF_ADDITIVE, MLP])
def test_a_function_reads_its_parents_and_nothing_else(mixed, family):
    bank, f = of_family(mixed, family)
    moved = np.abs(f[:, 20:25] - f[:, :1]) > 3e-6
    assert not moved[:, [2, 3, 4]].any()
    # Eight additive features all miss one of two parents with chance 2^-8.
    assert moved[:, :2].mean() > (0.985 if family == RFF_ADDITIVE else 0.999)
    assert not np.abs(bank.weight_ddk).sum(3)[:, ~PARENTS].any()


def test_linear_coefficients_lie_in_the_range_with_both_signs(mixed):
    bank, f = of_family(mixed, LINEAR)
    coefficient = (f[:, 20:22] - f[:, :1]).ravel()
    assert not f[:, 29].any()  # no intercept
    assert stats.kstest(np.abs(coefficient), stats.uniform(0.5, 1.5).cdf).pvalue > 1e-4
    assert stats.binomtest(int((coefficient > 0).sum()), coefficient.size).pvalue > 1e-4
    pairs = coefficient.reshape(-1, 2)
    assert abs(np.corrcoef(pairs.T)[0, 1]) < 4.5 / np.sqrt(len(pairs))
    assert (np.count_nonzero(bank.weight_ddk[:, CHILD], axis=(1, 2)) == 2).all()


def test_a_factor_of_the_dataset_multiplies_every_linear_coefficient():
    parents = np.tril(np.ones((3, 3), bool), -1)
    prior = Prior(
        mechanisms=MechanismWeights(1.0, 0.0, 0.0, 0.0),
        weight=(1.0, 1.0),
        weight_factor=(0.5, 2.0),
        features=FEATURES,
    )
    weight = np.abs(weights(prior, parents, 2000)[..., 0])
    factor = weight[:, 2, 0]
    assert stats.kstest(factor, stats.loguniform(0.5, 2.0).cdf).pvalue > 1e-4
    np.testing.assert_allclose(weight[:, 1, 0], factor, rtol=1e-6)


def test_each_form_agrees_with_numpy(mixed):
    x, seen = points().astype(float), set()
    for family in (LINEAR, RFF, RFF_ADDITIVE, MLP):
        drawn, found = of_family(mixed, family)
        for b, f in enumerate(found[:40]):
            weight, bias, amplitude, _, leaky, _ = (leaf[b][CHILD] for leaf in drawn)
            expected = np.zeros(len(x))
            for k in range(FEATURES):
                h = x[:, 0] * weight[0, k] + x[:, 1] * weight[1, k] + bias[k]
                if family == LINEAR:
                    phi = h
                elif family in (RFF, RFF_ADDITIVE):
                    phi = np.cos(h)
                elif leaky:
                    phi = np.maximum(h, 0) + 0.1 * np.minimum(h, 0)
                else:
                    phi = np.tanh(h)
                expected += amplitude[k] * phi
            seen.add((family, bool(leaky) and family == MLP))
            np.testing.assert_allclose(f, expected, atol=2e-5)
    assert len(seen) == 5


def test_sizes_are_log_uniform_and_families_follow_their_weights(mixed):
    bank, _ = mixed
    law = stats.loguniform(0.7, 3.0)
    assert stats.kstest(bank.size_d.ravel(), law.cdf).pvalue > 1e-4
    assert stats.kstest(bank.size_d.ravel(), stats.uniform(0.7, 2.3).cdf).pvalue < 1e-8
    # Half of the graphs draw one family for all, the others one for every variable.
    alike = (bank.family_d == bank.family_d[:, :1]).all(1)
    chance = 0.5 + 0.5 * sum(w**D for w in WEIGHTS)
    assert stats.binomtest(int(alike.sum()), len(alike), chance).pvalue > 1e-4
    for chosen in (alike | True, ~alike):
        counts = np.bincount(bank.family_d[chosen, CHILD], minlength=4)
        if chosen.all():
            expected = np.array(WEIGHTS)
        else:  # what is left of the weights when not all variables agree
            w = np.array(WEIGHTS)
            expected = w * (1 - w ** (D - 1)) / (1 - (w**D).sum())
        assert stats.chisquare(counts, expected * counts.sum()).pvalue > 1e-4
        assert stats.chisquare(counts, expected[::-1] * counts.sum()).pvalue < 1e-8


def test_length_scales_are_log_uniform(mixed):
    """Frequencies of a child have variance 1 / length^2: sixteen estimate it with known error."""
    bank, _ = of_family(mixed, RFF)
    frequency = bank.weight_ddk[:, CHILD, :2].reshape(len(bank.size_d), -1)
    length = 1 / np.sqrt((frequency**2).mean(1))
    rng = np.random.default_rng(0)
    error = np.sqrt(rng.chisquare(16, 20_000) / 16)
    right = stats.loguniform(0.8, 6.0).rvs(20_000, random_state=rng) / error
    wrong = rng.uniform(0.8, 6.0, 20_000) / error
    assert stats.ks_2samp(length, right).pvalue > 1e-4
    assert stats.ks_2samp(length, wrong).pvalue < 1e-8


def test_variables_do_not_share_their_functions(gaussian_process):
    _, (bank, _) = gaussian_process
    for leaf in (bank.amplitude_dk, bank.bias_dk):
        flat = leaf.reshape(len(leaf), -1)
        r = np.corrcoef(flat.T)[np.triu_indices(flat.shape[1], 1)]
        assert np.abs(r).max() < 5 / np.sqrt(len(flat))


@pytest.fixture(scope="module")
def shaped() -> tuple[Drawn, np.ndarray]:
    """The four families beyond: polynomials, saturating sums, thresholds, trees."""
    prior = Prior(
        mechanisms=MechanismWeights(0, 0, 0, 0, 0.25, 0.25, 0.25, 0.25),
        features=FEATURES,
        mixed_mechanisms=0.0,
    )
    return draw(prior, 800, points())


def plain(family: int, bank: list[np.ndarray], x: np.ndarray) -> np.ndarray:
    """f at every point, written out from the module's description."""
    weight, bias, amplitude, _, cubic, _ = bank
    h = np.stack([x[:, :2] @ weight[:2, k] + bias[k] for k in range(FEATURES)], 1)
    if family == POLYNOMIAL:
        return sum(amplitude[k] * h[:, k] ** (3 if cubic else 2) for k in range(FEATURES))
    if family == SATURATING:
        return sum(amplitude[k] * h[:, k] / (1 + np.abs(h[:, k])) for k in range(FEATURES))
    if family == THRESHOLD:
        return sum(amplitude[k] * (h[:, k] > 0) for k in range(FEATURES))
    return np.array([amplitude[sum(2**k for k in range(3) if row[k] > 0)] for row in h])


@pytest.mark.parametrize("family", [POLYNOMIAL, SATURATING, THRESHOLD, TREE])
def test_further_forms_agree_with_numpy_and_read_parents_alone(shaped, family):
    drawn, found = of_family(shaped, family)
    x = points().astype(float)
    assert len(found) > 100
    for b, f in enumerate(found[:40]):
        one = [np.asarray(leaf[b][CHILD], float) for leaf in drawn]
        np.testing.assert_allclose(f, plain(family, one, x), rtol=1e-3, atol=2e-4)
    moved = np.abs(found[:, 20:25] - found[:, :1]) > 3e-6
    assert not moved[:, [2, 3, 4]].any() and moved[:, :2].mean() > 0.15


def test_a_saturating_sum_is_monotone_and_bounded_in_each_parent(shaped):
    """One sigmoid a parent: its steepness has both signs, its size is 1 or more."""
    drawn, found = of_family(shaped, SATURATING)
    used = np.abs(drawn.amplitude_dk[:, CHILD]) > 0
    assert (used.sum(1) == 2).all()  # one feature for each of two parents
    assert (drawn.amplitude_dk[:, CHILD][used] >= 1).all()
    corner = found[:, 25:29]
    interaction = corner[:, 0] - corner[:, 1] - corner[:, 2] + corner[:, 3]
    assert np.abs(interaction).max() < 1e-4
    slopes = drawn.weight_ddk[:, CHILD, :2].sum((1, 2))
    assert (slopes > 0).any() and (slopes < 0).any()


@pytest.mark.parametrize(("family", "most"), [(THRESHOLD, 2**4), (TREE, 2**3)])
def test_steps_and_trees_take_few_values(shaped, family, most):
    _, found = of_family(shaped, family)
    levels = [len(np.unique(f.round(4))) for f in found]
    assert max(levels) <= most and np.mean(levels) > 2


def test_joint_length_scales_grow_with_the_root_of_the_number_of_parents():
    """So that the features of a child of four parents vary as those of a child of one."""
    parents = np.zeros((6, 6), bool)
    parents[4, 0], parents[5, :4] = True, True
    prior = Prior(
        mechanisms=MechanismWeights(0.0, 1.0, 0.0, 0.0),
        length_scale=(1.0, 1.0),
        length_growth=0.5,
        features=FEATURES,
    )
    weight = weights(prior, parents, 300)
    one, four = weight[:, 4, 0], weight[:, 5, :4]
    error = 5 * np.sqrt(2 / one.size)
    assert abs(one.var() - 1) < error and abs(four.var() - 0.25) < error
