"""Print what pyproject.toml asks for, with some of its extras: python requirements.py demo cuda13.

Dependencies are installed from this list, in a layer that stays as long as the list does."""

import sys
import tomllib
from pathlib import Path

project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
extras = project["optional-dependencies"]
lines = [*project["dependencies"], *(line for name in sys.argv[1:] for line in extras[name])]
sys.stdout.write("\n".join(lines) + "\n")
