"""What XLA is told where a process may not have enough memory mappings."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from amortize import compilation


@pytest.mark.parametrize(
    ("programs", "allowed", "told"), [(11, 65_530, True), (2, 65_530, False), (11, 10**6, False)]
)
def test_many_programs_need_a_limit_that_holds_them(programs, allowed, told, monkeypatch):
    monkeypatch.setattr(compilation, "mappings_allowed", lambda: allowed)
    assert (compilation.compiler_options(programs) is not None) == told


def test_a_system_without_the_limit_is_left_alone(monkeypatch):
    monkeypatch.setattr(compilation, "mappings_allowed", lambda: None)
    assert compilation.compiler_options(1000) is None


def test_the_options_compile_and_change_no_answer(monkeypatch):
    monkeypatch.setattr(compilation, "mappings_allowed", lambda: 1)
    options = compilation.compiler_options(1)
    assert options is not None
    x = jnp.linspace(-3, 3, 50)

    def function(x):
        return jnp.tanh(x) @ jnp.sin(x) + (x**2).sum()

    told = jax.jit(function, compiler_options=options)(x)
    np.testing.assert_allclose(told, jax.jit(function)(x), rtol=1e-6)
