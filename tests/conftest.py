"""Every test sees eight fake CPU devices and keeps its compiled programs for the next run."""

import os

FLAG = "--xla_force_host_platform_device_count"
if FLAG not in os.environ.get("XLA_FLAGS", ""):  # read once, when JAX starts
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {FLAG}=8".strip()

from amortize.compilation import enable_cache  # noqa: E402

enable_cache()
