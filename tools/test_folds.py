#!/usr/bin/env python
"""Test a cross-validation: the same as ``handbone test-folds``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('test-folds')
