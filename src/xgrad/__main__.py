"""``python -m xgrad``, which is also the console script ``xgrad``."""

from __future__ import annotations

import sys

from .cli import main

__all__ = ["main"]

if __name__ == "__main__":
    sys.exit(main())
