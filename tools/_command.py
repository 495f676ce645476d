"""The command ``handbone`` of this clone, installed or not."""

import sys
from pathlib import Path

CLONE = Path(__file__).resolve().parents[1]
if (CLONE / 'handbone_command.py').is_file():
    sys.path.insert(0, str(CLONE))

from handbone_command import main  # noqa: E402


def run(subcommand: str) -> None:
    """Run a subcommand with the words of this command line.

    Args:
        subcommand: Its name.
    """
    main([subcommand, *sys.argv[1:]])
