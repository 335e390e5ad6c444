"""Column statistics of padded tables against NumPy, and the refusal of numbers without meaning."""

import jax.numpy as jnp
import numpy as np
import pytest
from worlds import quick_jit

from simulators.artefacts import ArtefactPrior, FormatWeights
from simulators.checks import PriorError
from simulators.columns import log_within, moments, quantiles, within, z_scores
from simulators.decoys import DecoyPrior
from simulators.latent import LatentPrior
from simulators.missingness import MissingnessPrior, MissingnessWeights

N, ACTIVE = 90, 71
ROWS = np.arange(N) < ACTIVE


def table():
    """Normal, heavy-tailed, skewed, coarse, constant; huge numbers in the padding."""
    rng = np.random.default_rng(0)
    x = np.stack(
        [
            rng.normal(3, 2, N),
            rng.standard_t(1.5, N) * 10,
            rng.lognormal(0, 2, N),
            rng.integers(0, 5, N),
            np.full(N, 7.0),
        ],
        axis=1,
    )
    x[ACTIVE:] = 1e9
    return x.astype(np.float32)


def test_quantiles_are_those_of_the_real_rows():
    x = table()
    shares = np.array([0.0, 0.05, 0.3, 0.5, 0.77, 0.95, 1.0], np.float32)
    share_qd = np.broadcast_to(shares[:, None], (7, 5))
    found = np.asarray(quick_jit(quantiles)(x, ROWS, share_qd))
    for q, share in enumerate(shares):
        count = int(np.ceil(share * ACTIVE - 1e-3))
        right = np.sort(x[:ACTIVE], 0)[max(count, 1) - 1]
        np.testing.assert_allclose(found[q], right, atol=1e-6 * np.ptp(x[:ACTIVE], 0).max())
        assert ((x[:ACTIVE] <= found[q]).sum(0) >= count).all()


def test_moments_and_scores_are_those_of_the_real_rows():
    x = table()
    mean, std = (np.asarray(a) for a in moments(x, jnp.asarray(ROWS)))
    np.testing.assert_allclose(mean, x[:ACTIVE].astype(float).mean(0), rtol=1e-5)
    np.testing.assert_allclose(std[:4], x[:ACTIVE, :4].astype(float).std(0), rtol=1e-5)
    z = np.asarray(z_scores(x, jnp.asarray(ROWS)))
    assert not z[ACTIVE:].any() and np.isfinite(z).all() and np.abs(z).max() == 4.0
    np.testing.assert_allclose(z[:ACTIVE, 0], (x[:ACTIVE, 0] - mean[0]) / std[0], atol=1e-5)


def test_uniform_draws_are_moved_to_the_range():
    u = np.array([0.0, 0.5, 1.0], np.float32)
    np.testing.assert_allclose(within(u, (2.0, 6.0)), [2, 4, 6])
    np.testing.assert_allclose(log_within(u, (0.01, 100.0)), [0.01, 1, 100], rtol=1e-5)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: LatentPrior(some=1.2), "latent.some"),
        (lambda: LatentPrior(share=(0.5, 0.2)), "latent.share"),
        (lambda: LatentPrior(keep=0), "latent.keep"),
        (lambda: DecoyPrior(noise_share=(0.0, 0.1)), "decoys.noise_share"),
        (lambda: DecoyPrior(copies=float("nan")), "decoys.copies"),
        (lambda: MissingnessPrior(rate=(-0.1, 0.2)), "missingness.rate"),
        (lambda: MissingnessPrior(rate=(0.1, 0.2, 0.3)), "missingness.rate"),  # type: ignore[arg-type]
        (lambda: MissingnessPrior(kinds=MissingnessWeights(0, 0, 0, 0)), "missingness.kinds"),
        (lambda: MissingnessPrior(kinds=MissingnessWeights(at_random=-1)), "at_random"),
        (lambda: ArtefactPrior(ordinal_levels=(2, 5)), "artefacts.ordinal_levels"),
        (lambda: ArtefactPrior(outlier_size=(4.0, float("inf"))), "artefacts.outlier_size"),
        (lambda: ArtefactPrior(formats=FormatWeights(0, 0, 0)), "artefacts.formats"),
    ],
)
def test_numbers_without_meaning_are_refused_by_name(make, named):
    with pytest.raises(PriorError, match=named.replace(".", r"\.")):
        make()


def test_nested_priors_can_be_static_arguments():
    for prior in (LatentPrior, DecoyPrior, MissingnessPrior, ArtefactPrior):
        assert prior() == prior() and hash(prior()) == hash(prior())
