#!/usr/bin/env python
"""Score a CSV of masks: ``python tools/evaluate.py PRED.csv TRUTH``; see ``--help``."""

from handbone.cli.evaluate import main

if __name__ == '__main__':
    main()
