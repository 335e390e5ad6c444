"""The wide prior: every component that this package can generate inside one jitted step."""

from __future__ import annotations

from simulators.artefacts import ArtefactPrior
from simulators.decoys import DecoyPrior
from simulators.held_out import HELD_OUT
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
    PurePrior,
)
from simulators.regimes import RegimeWeights
from simulators.systems import SystemPrior, SystemWeights


def wide() -> Prior:
    """Weights for pretraining.

    Half of the datasets are pure, as benchmark tables are: linear throughout with Gaussian noise,
    linear with other noise, or nonlinear. The other half mixes everything.
    """
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
            linear=0.26,
            rff=0.15,
            rff_additive=0.16,
            mlp=0.14,
            polynomial=0.07,
            saturating=0.07,
            threshold=0.03,
            tree=0.04,
            matern=0.08,
        ),
        coupling=CouplingWeights(
            additive=0.52, heteroscedastic=0.17, multiplicative=0.08, input=0.15, input_added=0.08
        ),
        mixed_coupling=0.4,
        outputs=OutputWeights(identity=0.72, post_nonlinear=0.1, binary=0.08, ordinal=0.1),
        mixed_outputs=0.5,
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
        systems=SystemPrior(
            weights=SystemWeights(
                structural=0.82,
                gene=0.07,
                diffusion=0.02,
                dynamics=0.015,
                network=0.05,
                tables=0.025,
            )
        ),
        pure=PurePrior(
            share=0.5,
            mechanisms=MechanismWeights(
                linear=0.45,
                rff=0.14,
                rff_additive=0.12,
                mlp=0.13,
                polynomial=0.05,
                saturating=0.06,
                threshold=0.01,
                tree=0.01,
                matern=0.03,
            ),
            noise=NoiseWeights(
                gaussian=0.48,
                laplace=0.1,
                uniform=0.13,
                student_t=0.08,
                exponential=0.09,
                gumbel=0.05,
                log_normal=0.04,
                cauchy=0.01,
                mixture=0.04,
            ),
        ),
        held_out=HELD_OUT,
        interventions=InterventionWeights(
            none=0.5, hard_constant=0.2, hard_random=0.15, shift=0.07, soft=0.08
        ),
        latent=LatentPrior(some=0.45),
        decoys=DecoyPrior(),
        regimes=RegimeWeights(),
        artefacts=ArtefactPrior(),
        missingness=MissingnessPrior(),
        edges_per_variable=(0.0, 4.0),
        density=(0.0, 1.0),
        density_limit=0.75,
        empty=0.03,
        length_growth=0.5,
        weight_factor=(0.5, 2.0),
    )
