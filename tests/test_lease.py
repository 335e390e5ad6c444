"""The commands of docs/training.md that carry a run's newest state in small files."""

import re
import subprocess
from pathlib import Path

import jax
import numpy as np
import pytest

from amortize.checkpoint import RunStore

PAGE = Path(__file__).parents[1] / "docs" / "training.md"


def commands(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n```sh\n(.*?)```", PAGE.read_text(), re.DOTALL)
    assert found is not None
    return found[1]


@pytest.mark.skipif(not Path("/bin/bash").exists(), reason="the commands are for a POSIX shell")
def test_a_run_goes_through_small_files_and_back(tmp_path):
    run, parcel, arrived = tmp_path / "run", tmp_path / "parcel", tmp_path / "arrived"
    store = RunStore(run)
    numbers = np.random.default_rng(0).normal(size=(5, 1 << 20)).astype(np.float32)  # 20 MiB
    for step in (9, 10):
        store.save(step, {"x": numbers + step}, {"datasets": step})
    store.close()
    (run / "config.json").write_text("{}\n")
    (run / "metrics.jsonl").write_text('{"step": 0}\n')

    def shell(script: str, **variables: Path) -> None:
        env = {"PATH": "/usr/bin:/bin", **{k: str(v) for k, v in variables.items()}}
        subprocess.run(["/bin/bash", "-euo", "pipefail", "-c", script], env=env, check=True)

    shell(commands("pack"), RUN=run, PARCEL=parcel)
    parts = list(parcel.iterdir())
    assert len(parts) > 1
    assert max(part.stat().st_size for part in parts) <= 15 << 20
    shell(commands("unpack"), RUN=arrived, PARCEL=parcel)
    store = RunStore(arrived)
    found = store.newest({"x": jax.ShapeDtypeStruct(numbers.shape, np.float32)})
    store.close()
    assert found is not None
    assert (found[0], found[2]) == (10, {"datasets": 10})
    np.testing.assert_array_equal(found[1]["x"], numbers + 10)
    assert (arrived / "metrics.jsonl").read_text() == '{"step": 0}\n'
