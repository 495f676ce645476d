#!/usr/bin/env python
"""Tune thresholds: ``python tools/tune_thresholds.py CONFIG CHECKPOINT``; see ``--help``."""

from handbone.cli.tune_thresholds import main

if __name__ == '__main__':
    main()
