#!/usr/bin/env python
"""Score a CSV of masks: ``python tools/evaluate.py PRED.csv TRUTH``; see ``--help``."""

from handbone.apis.evaluation import main

if __name__ == '__main__':
    main()
