"""How tests run programs of their own: on one device, compiled like the tests themselves."""

import os

QUICK = "--xla_backend_optimization_level=0"
ENVIRONMENT = {**os.environ, "XLA_FLAGS": QUICK}
