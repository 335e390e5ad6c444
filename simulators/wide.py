"""The wide prior: every component that this package can generate inside one jitted step."""

from __future__ import annotations

from simulators.artefacts import ArtefactPrior
from simulators.decoys import DecoyPrior
from simulators.latent import LatentPrior
from simulators.missingness import MissingnessPrior
from simulators.prior import (
    CouplingWeights,
    GraphWeights,
    InterventionWeights,
    MechanismWeights,
    NoiseWeights,
    OutputWeights,
    Prior,
)
from simulators.regimes import RegimeWeights


def wide() -> Prior:
    """Weights for pretraining: half of the mass on what most tables look like, the rest spread."""
    return Prior(
        graphs=GraphWeights(
            erdos_renyi=0.35,
            scale_free_out=0.12,
            scale_free_in=0.12,
            watts_strogatz=0.06,
            stochastic_block=0.06,
            random_geometric=0.05,
            layered=0.06,
            path=0.02,
            banded=0.04,
            tree_random=0.03,
            tree_balanced=0.01,
            star_out=0.01,
            star_in=0.01,
            hubs=0.03,
            bipartite=0.03,
        ),
        mechanisms=MechanismWeights(
            linear=0.27,
            rff=0.17,
            rff_additive=0.17,
            mlp=0.14,
            polynomial=0.07,
            saturating=0.08,
            threshold=0.04,
            tree=0.06,
        ),
        coupling=CouplingWeights(
            additive=0.7, heteroscedastic=0.12, multiplicative=0.06, input=0.12
        ),
        outputs=OutputWeights(identity=0.78, post_nonlinear=0.08, binary=0.06, ordinal=0.08),
        noise=NoiseWeights(
            gaussian=0.34,
            laplace=0.1,
            uniform=0.12,
            student_t=0.1,
            exponential=0.1,
            gumbel=0.06,
            log_normal=0.06,
            cauchy=0.03,
            mixture=0.09,
        ),
        interventions=InterventionWeights(
            none=0.5, hard_constant=0.2, hard_random=0.15, shift=0.07, soft=0.08
        ),
        latent=LatentPrior(),
        decoys=DecoyPrior(),
        regimes=RegimeWeights(),
        artefacts=ArtefactPrior(),
        missingness=MissingnessPrior(),
        edges_per_variable=(0.1, 4.0),
        density_limit=0.7,
    )
