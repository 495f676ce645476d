#!/usr/bin/env python
"""Train a cross-validation: the same as ``handbone train-folds``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('train-folds')
