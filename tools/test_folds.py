#!/usr/bin/env python
"""Test a cross-validation: ``python tools/test_folds.py CONFIG DIR --out CSV``; see ``--help``."""

from handbone.cli.test_folds import main

if __name__ == '__main__':
    main()
