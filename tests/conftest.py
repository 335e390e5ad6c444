"""Every test sees eight fake CPU devices and keeps its compiled programs for the next run.

Programs are compiled as quickly as can be: most of them run once, on a few small tables. What users
get, compiled with care, is what the commands and the held-out check of .ci/run execute.
"""

import os

from one_device import QUICK

# Read once, when JAX starts.
for flag in ("--xla_force_host_platform_device_count=8", QUICK):
    if flag.partition("=")[0] not in os.environ.get("XLA_FLAGS", ""):
        os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {flag}".strip()

from amortize.compilation import enable_cache  # noqa: E402

enable_cache()
