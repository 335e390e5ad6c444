"""Pretrain a network on simulated data: python train.py base --out runs/base

Resumes whatever is in --out. The same config and seed give the same parameters, however often the
run was killed and started again. docs/training.md has the long version.
"""

from __future__ import annotations

import json
import signal
import time
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from amortize.errors import AmortizeError, DataError, UsageError

if TYPE_CHECKING:
    from amortize.config import TrainConfig

AGREE_EVERY = 10  # steps between which several processes do not ask each other for the time
FOREVER = 1e9  # minutes
FORGIVEN = 5  # steps of fed data that are not finite: such a run cannot be replayed


def main(  # noqa: PLR0912, PLR0915
    preset: Annotated[str, typer.Argument(help="tiny, base, fed or large")] = "base",
    out: Annotated[
        Path | None, typer.Option(help="folder of the run; runs/PRESET if absent")
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="override a field, as model.row_blocks=4")
    ] = None,
    max_minutes: Annotated[float, typer.Option(help="stop and save after this long")] = FOREVER,
    simulator: Annotated[
        str, typer.Option(help="train on your own, module:function (docs/your-simulator.md)")
    ] = "",
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
    feeders: Annotated[
        int, typer.Option(min=0, help="processes that simulate and search beside an accelerator")
    ] = 0,
    reuse: Annotated[
        int, typer.Option(min=1, help="how often a batch of a feeder is used at most")
    ] = 4,
    by_clock: Annotated[
        bool, typer.Option(help="the rate falls with --max-minutes, not with the steps")
    ] = False,
    distributed: Annotated[
        str | None, typer.Option(help="one of several processes: auto, or HOST:PORT,PROCESSES,ID")
    ] = None,
) -> None:
    """Train PRESET, or go on with the run in --out."""
    # ---------------------------------------------------------------- configuration
    from amortize.allocator import keep_pages

    keep_pages()  # before JAX has threads
    import jax
    import numpy as np
    from rich.console import Console

    from amortize import compilation, memory
    from amortize import mesh as meshes
    from amortize.assumptions import assumptions_of
    from amortize.checkpoint import RunStore, load_checkpoint, save_checkpoint, write_json
    from amortize.config import PRESETS, override, to_dict
    from amortize.config import preset as named
    from amortize.feed import feed, with_simulator
    from amortize.feeders import Feeders, HeldOutSet, prepared_shapes
    from amortize.journal import Journal
    from amortize.model import parameter_count
    from amortize.optimiser import learning_rate, rate_by_clock
    from amortize.programs import compiled_steps
    from amortize.training import (
        HeldOut,
        abstract_state,
        bucket_of,
        initial_state,
        scores_of,
        train_step,
    )

    started = time.monotonic()
    if by_clock and max_minutes == FOREVER:
        raise UsageError("--by-clock needs --max-minutes, the time that the rate falls over")
    config = override(named(preset), set_ or [])
    if distributed is not None:
        meshes.join(distributed)
    config = with_simulator(config, simulator)
    first = jax.process_index() == 0  # it alone prints, writes logs and evaluates
    out = out or Path("runs") / config.name
    out.mkdir(parents=True, exist_ok=True)
    compilation.enable_cache()
    console = Console(highlight=False, soft_wrap=True, quiet=not first)

    known = out / "config.json"
    if known.exists() and not reconfigure:
        refuse_another(known, config)

    # ---------------------------------------------------------------- state, fresh or resumed
    mesh = meshes.data_mesh(meshes.usable_devices([b.batch for b in config.buckets]))
    abstract = abstract_state(config)
    size = parameter_count(abstract.params)
    store = RunStore(out)
    resumed = store.newest(abstract)
    shortage = ""
    if first and not feeders:  # elsewhere the same
        shortage = memory.shortage(config, mesh)
    if meshes.any_process(bool(shortage))[0]:
        raise UsageError(shortage or "the first process is short of memory")
    step = 0
    progress: dict[str, Any] = {"datasets": 0, "hours": 0.0, "best_auprc": 0.0}
    if resumed is not None:
        step, state, saved = resumed
        progress |= saved or _ledger(out / "progress.json")
    else:
        origin = None if init_from is None else load_checkpoint(init_from)
        given = None if origin is None else origin.params
        progress["started_from"] = "fresh parameters" if origin is None else origin.lineage
        state = initial_state(config, given)
    state = meshes.replicate(mesh, state)
    if first:
        write_json(known, to_dict(config))
    console.print(
        f"{config.name}: {size:,} parameters, step {step:,} of {config.steps:,}, "
        f"{compilation.hardware()}, {mesh.size} in use, run folder {out}"
    )

    # ---------------------------------------------------------------- evaluation and saving
    source = programs = held_out = None
    if feeders:
        wanted = HeldOutSet(eval_scenario, eval_datasets, *eval_shape)
        source = Feeders(config, feeders, reuse, step, wanted)
        programs = compiled_steps(config, mesh, partial(prepared_shapes, config))
        if shortage := memory.shortage(config, mesh, programs):
            source.close()
            raise UsageError(shortage)
        console.print(f"{len(programs)} programs compiled in {time.monotonic() - started:.0f} s")
    elif first:
        held_out = HeldOut(eval_scenario, eval_datasets, *eval_shape)
    log = Journal(out / "metrics.jsonl", step, writes=first)
    stop = False

    def request_stop(*_: object) -> None:
        nonlocal stop
        stop = True

    signal.signal(signal.SIGTERM, request_stop)
    signal.signal(signal.SIGINT, request_stop)

    def release(folder: Path, scores: dict[str, float]) -> None:
        card = {
            "name": config.name,
            "preset": preset,
            "description": (PRESETS[preset].__doc__ or "").partition("\n")[0],
            "assumptions": assumptions_of(config.outputs),
            "parameters": size,
            "step": step,
            "datasets": progress["datasets"],
            "repeats": progress.get("repeats", 0),
            "started_from": progress.get("started_from", "fresh parameters"),
            "hours": round(progress["hours"], 3),
            "hardware": compilation.hardware(),
            "ranges": config.ranges,
            "inputs": config.inputs,
            "outputs": config.outputs,
            "versions": compilation.versions(),
            "held_out": {
                "scenario": f"{eval_scenario} n={eval_shape[0]} d={eval_shape[1]}",
                "datasets": eval_datasets,
                **scores,
            },
        }
        save_checkpoint(folder, meshes.local(state.average), config, card)

    def evaluate() -> dict[str, float]:
        scores: dict[str, float] = {}
        average = meshes.local(state.average)
        if held_out is not None:
            scores = held_out.score(config.model, average)
        elif source is not None and source.held_out is not None:
            scores = scores_of(config.model, average, source.held_out)
        if scores:
            spent = {"datasets": progress["datasets"], "hours": progress["hours"]}
            log.write({"step": step, **spent, "held_out": scores})
        (better,) = meshes.any_process(scores.get("auprc", 0.0) > progress["best_auprc"])
        if better:
            progress["best_auprc"] = scores.get("auprc", 0.0)
            release(out / "best", scores)
        return scores

    losses: list[float] = []
    pending: tuple[int, dict, Any] | None = None

    def settle(following: int) -> None:
        """Fetch the metrics of a step that was dispatched, log them, stop if they are not finite.

        `following` is the next step to be dispatched: a step of fed data that is not finite is left
        out, as they are not drawn again.
        """
        nonlocal pending, state
        if pending is None:
            return
        number, metrics = pending[0], {k: float(v) for k, v in pending[1].items()}
        data, pending = pending[2], None
        wrong = not np.isfinite(list(metrics.values())).all()
        if wrong and source is not None and progress.get("forgiven", 0) < FORGIVEN:
            progress["forgiven"] = progress.get("forgiven", 0) + 1
            kept = out / f"not_finite_{number}.npz"
            np.savez(kept, *jax.tree.leaves(data))
            console.print(f"step {number:,} is not finite and left out; its data are in {kept}")
            state = state._replace(step=state.step * 0 + following)
            return
        if wrong:
            # The step left the state as it was, and so did the one dispatched after it.
            store.save(number, state, progress)
            store.close()
            bucket = bucket_of(config, number)
            if first:
                shape = {"rows": bucket.rows, "variables": bucket.variables, "batch": bucket.batch}
                about = {"step": number, "seed": config.seed, "bucket": shape, "metrics": metrics}
                write_json(out / "not_finite.json", about)
            raise AmortizeError(
                f"step {number} is not finite ({metrics}; seed {config.seed}, {bucket}); the state "
                f"before it is saved in {out}, where the same command meets it again"
            )
        losses.append(metrics["loss"])
        log.write({"step": number, **metrics})

    # ---------------------------------------------------------------- the loop
    seen = 0
    clock = dict.fromkeys(("line", "save", "eval", "tick"), time.monotonic())
    scores: dict[str, float] = {}
    leave = False
    given = feed(config, step)
    while step < config.steps and not leave:
        bucket, fresh = bucket_of(config, step), True
        try:
            if source is None:
                data = next(given)
            else:
                bucket, data, fresh = source.next()
        except DataError as error:  # of a user's generator
            if jax.process_count() > 1:
                raise  # the others may have theirs and would not come to a common save
            settle(step)
            store.save(step, state, progress)
            store.close()
            raise DataError(
                f"{error}. Step {step:,} is saved in {out}: mend the simulator, and the same "
                "command goes on"
            ) from error
        if by_clock:
            spent = (time.monotonic() - started) / (60 * max_minutes)
            rate = rate_by_clock(config.optimiser, config.steps, step, spent)
        else:
            rate = learning_rate(config.optimiser, config.steps, step)
        if programs is None:
            state, metrics = train_step(config, bucket, state, step, mesh, data, rate)
        else:
            numbers = np.int32(step), np.int32(config.seed), np.float32(rate)
            state, metrics = programs[bucket](state, *numbers, meshes.placed(mesh, data))
        settle(step + 1)  # the step before, while this one runs
        pending = step, metrics, None if source is None else data
        step += 1
        seen += bucket.batch
        name = "datasets" if fresh else "repeats"
        progress[name] = progress.get(name, 0) + bucket.batch
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
        if jax.process_count() > 1 and step % AGREE_EVERY:
            continue
        leave, evaluating, saving = meshes.any_process(
            stop or now - started > 60 * max_minutes,
            now - clock["eval"] > 60 * eval_minutes,
            now - clock["save"] > 60 * save_minutes,
        )
        if evaluating:
            scores, clock["eval"] = evaluate(), now
        if saving:
            settle(step)
            store.save(step, state, progress)
            clock["save"] = now

    # ---------------------------------------------------------------- the end
    settle(step)
    if source is not None:
        source.close()
    scores = evaluate()
    store.save(step, state, progress)
    release(out / "checkpoint", scores)
    if first and scores:
        console.print(
            f"step {step:,}: held-out AUPRC {scores['auprc']:.3f}, loss {scores['loss']:.4f} "
            f"({eval_scenario}); checkpoint in {out / 'checkpoint'}"
        )
    store.close()


def refuse_another(known: Path, config: TrainConfig) -> None:
    """Raise UsageError with the first difference where the config in `known` is not `config`."""
    from amortize.config import differences, from_dict

    changed = differences(from_dict(json.loads(known.read_text())), config)
    if changed:
        more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
        raise UsageError(
            f"{known} is of another config ({changed[0]}{more}); resume with the same one, "
            "choose another --out, or give --reconfigure"
        )


def _ledger(path: Path) -> dict[str, float]:
    """Progress of a run saved before states carried it themselves."""
    return json.loads(path.read_text()) if path.exists() else {}


if __name__ == "__main__":
    try:
        typer.run(main)
    except AmortizeError as error:
        typer.echo(f"train.py: {error}", err=True)
        raise SystemExit(error.exit_status) from None
