"""Where compiled programs are kept between runs."""

import os
from pathlib import Path


def enable_compile_cache() -> None:
    """Keep compiled programs in the user's cache folder, so that a second run starts fast.

    A folder that the user or JAX's own settings name wins. The entries are code, so the folder is
    the user's own and not shared.
    """
    import jax
    import platformdirs

    if jax.config.values.get("jax_compilation_cache_dir") is not None:
        return
    root = os.environ.get("AMORTIZE_CACHE") or platformdirs.user_cache_dir("amortize")
    folder = Path(root) / "compiled" / f"jax-{jax.__version__}"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError:
        return  # a read-only home: compile anew each time
    jax.config.update("jax_compilation_cache_dir", str(folder))
    jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
    jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
