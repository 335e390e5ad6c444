"""JAX's persistent compilation cache and the versions of what computes."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path

import platformdirs

from amortize import __version__

MAPPINGS = 7_000  # of one training program, at most


def cache_folder() -> Path:
    """Where this user's files are kept: AMORTIZE_CACHE, or the platform's cache folder."""
    return Path(os.environ.get("AMORTIZE_CACHE") or platformdirs.user_cache_dir("amortize"))


def enable_cache() -> None:
    """Keep every compiled program for the next process of this user; never fails."""
    import jax

    folder = cache_folder() / f"jax-{jax.__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return  # a read-only home: everything still works, only slower the second time
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)


def compiler_options(programs: int) -> dict[str, bool] | None:
    """What XLA is told so that so many training programs fit into one process; None: nothing.

    On a CPU its fusion emitters make an object of every kernel, three memory mappings each: a
    program of this package has up to 7,000, and Linux allows a process 65,530 unless told otherwise
    (vm.max_map_count). Beyond them XLA crashes. Without those emitters it is about a quarter.
    """
    import jax

    allowed = mappings_allowed()
    if jax.default_backend() != "cpu" or allowed is None or programs * MAPPINGS <= allowed:
        return None
    options = {"xla_cpu_use_fusion_emitters": False}
    try:
        jax.jit(lambda x: x + 1, compiler_options=options)(1.0)
    except (ValueError, jax.errors.JaxRuntimeError):
        return None  # a version of XLA without that option
    return options


def mappings_allowed() -> int | None:
    """Memory mappings that the system allows a process; None where it sets no such limit."""
    try:
        return int(Path("/proc/sys/vm/max_map_count").read_text())
    except (OSError, ValueError):
        return None


def one_thread() -> None:
    """Start JAX's CPU backend with a single thread, so that its times compare with others'.

    Its threads are made once and keep the processors allowed at that moment; the program's own
    are restored. Without effect where the system has no affinity, or JAX runs already.
    """
    import jax

    if not hasattr(os, "sched_setaffinity"):
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(allowed)})
    try:
        jax.devices()
    finally:
        os.sched_setaffinity(0, allowed)


def hardware() -> str:
    """The devices in use, for people: "2 x86_64 cores", "1 x NVIDIA H200"."""
    import jax

    kind = jax.devices()[0].device_kind
    if jax.default_backend() == "cpu":
        return f"{os.cpu_count()} {platform.machine()} cores"
    return f"{jax.device_count()} x {kind}"


def versions() -> dict[str, str]:
    """Installed versions of the libraries that decide the numbers."""
    names = ("jax", "flax", "optax", "orbax-checkpoint", "numpy")
    found = {"amortize": __version__}
    for name in names:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found
