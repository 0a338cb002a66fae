"""The command as a module: ``python -m emstellar`` is ``emstellar``."""

import sys

from .cli import main

if __name__ == "__main__":
    sys.exit(main())
