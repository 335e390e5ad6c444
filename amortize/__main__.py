"""`python -m amortize` does what the `amortize` command does."""

import sys

from amortize.cli import main

sys.exit(main())
