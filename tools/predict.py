#!/usr/bin/env python
"""Predict radiographs: ``python tools/predict.py CONFIG CHECKPOINT SOURCE``; see ``--help``."""

from handbone.apis.predicting import main

if __name__ == '__main__':
    main()
