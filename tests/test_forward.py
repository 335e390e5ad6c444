"""Shapes that tables are padded to."""

import pytest

from amortize.forward import padded_shape


@pytest.mark.parametrize("size", [1, 32, 33, 1000, 2048, 2049, 100_000])
def test_padding_holds_the_table_and_little_more(size):
    rows, variables = padded_shape(size, size)
    assert size <= rows < 2 * size + 32
    assert size <= variables < 1.5 * size + 64
