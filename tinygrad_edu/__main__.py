"""`python -m tinygrad_edu …`: the command line. Builds on `cli`."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
