#!/usr/bin/env python
"""Compare training runs: ``python tools/compare_runs.py work_dirs/*``; see ``--help``."""

from handbone.cli.compare_runs import main

if __name__ == '__main__':
    main()
