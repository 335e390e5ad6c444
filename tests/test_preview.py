"""What is told of a table before the answer."""

import numpy as np
import pandas as pd

from amortize.preview import HEAD, PRINTED_COLUMNS, column_rows, summary
from amortize.table import Table


def test_every_column_is_told_with_its_missing_rate():
    x = np.random.default_rng(0).normal(size=(20, 3))
    x[:5, 1] = np.nan
    frame = pd.DataFrame(x, columns=["a", "b", "c"]).assign(same=7, flag=["u", "v"] * 10)
    table = Table.from_frame(frame)
    rows = column_rows(table)
    assert [row[0] for row in rows] == ["a", "b", "c", "same", "flag"]
    assert [row[1] for row in rows] == ["continuous"] * 3 + ["left out", "binary"]
    assert [row[2] for row in rows] == ["", "25.0%", "", "", ""] and len(rows[0]) == len(HEAD)
    assert summary(table) == (
        "20 rows, 5 columns, 4 variables (3 continuous, 1 binary, 1 left out); "
        "6.2% of the cells used are missing"
    )


def test_of_many_columns_those_with_something_to_say_are_told():
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(9, 60)).round(9))
    frame["same"], frame[61] = 1, frame[59]
    frame.loc[0, 61] = np.nan
    rows = column_rows(Table.from_frame(frame))
    assert len(rows) == PRINTED_COLUMNS
    assert [row[0] for row in rows[-2:]] == ["same", "61"] and rows[0][0] == "0"
