"""Pretrain a network on simulated data: python train.py small --out runs/small

Resumes whatever is in --out. The same config and seed give the same parameters, however often the
run was killed and started again.
"""

from __future__ import annotations

import json
import signal
import time
from pathlib import Path
from typing import Annotated, TextIO

import typer

from amortize.errors import AmortizeError, UsageError


def main(  # noqa: PLR0915
    preset: Annotated[str, typer.Argument(help="tiny, small or base")] = "small",
    out: Annotated[
        Path | None, typer.Option(help="folder of the run; runs/PRESET if absent")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="override a field, as model.row_blocks=4")
    ] = None,
    max_minutes: Annotated[float, typer.Option(help="stop and save after this long")] = 1e9,
    init_from: Annotated[
        Path | None, typer.Option(help="checkpoint whose parameters a new run starts from")
    ] = None,
    reconfigure: Annotated[
        bool, typer.Option(help="resume under another config than the run began with")
    ] = False,
    save_minutes: Annotated[float, typer.Option(help="between saved states")] = 5.0,
    eval_minutes: Annotated[float, typer.Option(help="between held-out evaluations")] = 5.0,
    eval_scenario: Annotated[str, typer.Option(help="held-out scenario")] = "mixture",
    eval_shape: Annotated[tuple[int, int], typer.Option(help="its rows and variables")] = (200, 10),
    eval_datasets: Annotated[int, typer.Option(help="how many of them")] = 64,
) -> None:
    """Train PRESET, or go on with the run in --out."""
    # ---------------------------------------------------------------- configuration
    import jax
    import jax.numpy as jnp
    import numpy as np
    from rich.console import Console

    from amortize import compilation
    from amortize.checkpoint import RunStore, load_checkpoint, save_checkpoint, write_json
    from amortize.config import PRESETS, override, to_dict
    from amortize.config import preset as named
    from amortize.graph import ASSUMPTIONS
    from amortize.model import parameter_count
    from amortize.training import HeldOut, bucket_of, initial_state, train_step

    started = time.monotonic()
    config = override(named(preset), set_ or [])
    out = out or Path("runs") / config.name
    out.mkdir(parents=True, exist_ok=True)
    compilation.enable_cache()
    console = Console(highlight=False, soft_wrap=True)

    known = out / "config.json"
    if known.exists() and not reconfigure and json.loads(known.read_text()) != to_dict(config):
        raise UsageError(
            f"{known} is of another config; resume with the same one, choose another --out, or "
            "give --reconfigure"
        )
    write_json(known, to_dict(config))

    # ---------------------------------------------------------------- state, fresh or resumed
    params = None if init_from is None else load_checkpoint(init_from).params
    state = initial_state(config, params)
    store = RunStore(out)
    resumed = store.newest(state)
    if resumed is not None:
        state = jax.tree.map(jnp.asarray, resumed[1])
    progress = {"datasets": 0, "hours": 0.0, "best_auprc": 0.0}
    ledger = out / "progress.json"
    if resumed is not None and ledger.exists():
        progress = json.loads(ledger.read_text())
    size = parameter_count(state.params)
    console.print(
        f"{config.name}: {size:,} parameters, step {int(state.step):,} of {config.steps:,}, "
        f"{compilation.hardware()}, run folder {out}"
    )

    # ---------------------------------------------------------------- evaluation and saving
    held_out = HeldOut(eval_scenario, eval_datasets, *eval_shape)
    log = resumed_log(out / "metrics.jsonl", int(state.step))
    stop = False

    def request_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)

    def evaluate() -> dict[str, float]:
        scores = held_out.score(config.model, state.average)
        log.write(json.dumps({"step": int(state.step), "held_out": scores}) + "\n")
        progress["best_auprc"] = max(progress["best_auprc"], scores["auprc"])
        return scores

    def save() -> None:
        store.save(int(state.step), state)
        write_json(ledger, progress)

    def release(scores: dict[str, float]) -> None:
        card = {
            "name": config.name,
            "preset": preset,
            "description": (PRESETS[preset].__doc__ or "").splitlines()[0],
            "assumptions": ASSUMPTIONS,
            "parameters": size,
            "step": int(state.step),
            "datasets": progress["datasets"],
            "hours": round(progress["hours"], 3),
            "hardware": compilation.hardware(),
            "ranges": config.ranges,
            "inputs": config.inputs,
            "outputs": config.outputs,
            "versions": compilation.versions(),
            "held_out": {"scenario": held_out.name, "datasets": eval_datasets, **scores},
        }
        save_checkpoint(out / "checkpoint", state.average, config, card)

    # ---------------------------------------------------------------- the loop
    losses: list[float] = []
    previous: dict | None = None
    seen = 0
    step = int(state.step)
    clock = dict.fromkeys(("line", "save", "eval", "tick"), time.monotonic())
    scores: dict[str, float] = {}
    while step < config.steps and not stop:
        bucket = bucket_of(config, step)
        state, metrics = train_step(config, bucket, state)
        # The metrics of the step before are fetched while this one runs.
        if previous is not None:
            losses.append(float(previous["loss"]))
            if not np.isfinite(losses[-1]):
                store.close()
                raise AmortizeError(
                    f"loss is {losses[-1]} at step {step - 1} (seed {config.seed}, "
                    f"{bucket_of(config, step - 1)}); the state saved before it is kept in {out}"
                )
            record = {"step": step - 1, **{k: float(v) for k, v in previous.items()}}
            log.write(json.dumps(record) + "\n")
        previous = metrics
        step += 1
        seen += bucket.batch
        progress["datasets"] += bucket.batch
        now = time.monotonic()
        progress["hours"] += (now - clock["tick"]) / 3600
        clock["tick"] = now
        if now - clock["line"] > 15 and losses:
            rate, share = seen / (now - clock["line"]), step / config.steps
            left = progress["hours"] * (1 / share - 1)
            shown = f"held-out AUPRC {scores['auprc']:.3f}" if scores else "not yet evaluated"
            console.print(
                f"step {step:,}/{config.steps:,}  {rate:.0f} datasets/s  "
                f"loss {np.mean(losses[-200:]):.4f}  {shown}  {left:.2f} h left"
            )
            seen, clock["line"] = 0, now
        stop = stop or now - started > 60 * max_minutes
        if now - clock["eval"] > 60 * eval_minutes:
            scores, clock["eval"] = evaluate(), now
        if now - clock["save"] > 60 * save_minutes:
            save()
            clock["save"] = now

    # ---------------------------------------------------------------- the end
    scores = evaluate()
    save()
    release(scores)
    store.close()
    console.print(
        f"step {step:,}: held-out AUPRC {scores['auprc']:.3f}, loss {scores['loss']:.4f} "
        f"({held_out.name}); checkpoint in {out / 'checkpoint'}"
    )


def resumed_log(path: Path, step: int) -> TextIO:
    """The log, open for appending, without what a killed run wrote after its last saved state."""
    lines = path.read_text().splitlines() if path.exists() else []
    kept = [line for line in lines if line.endswith("}") and json.loads(line)["step"] < step]
    path.write_text("".join(f"{line}\n" for line in kept))
    return path.open("a", buffering=1)


if __name__ == "__main__":
    try:
        typer.run(main)
    except AmortizeError as error:
        typer.echo(f"train.py: {error}", err=True)
        raise SystemExit(error.exit_status) from None
