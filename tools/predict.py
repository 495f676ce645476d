#!/usr/bin/env python
"""Predict radiographs: ``python tools/predict.py CONFIG CHECKPOINT SOURCE``; see ``--help``."""

from handbone.cli.predict import main

if __name__ == '__main__':
    main()
