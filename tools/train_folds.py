#!/usr/bin/env python
"""Train the folds of a cross-validation: ``python tools/train_folds.py CONFIG --work-dir DIR``."""

from handbone.cli.train_folds import main

if __name__ == '__main__':
    main()
