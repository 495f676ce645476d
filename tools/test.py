#!/usr/bin/env python
"""Test a model: ``python tools/test.py CONFIG CHECKPOINT``; see ``--help``."""

from handbone.cli.test import main

if __name__ == '__main__':
    main()
