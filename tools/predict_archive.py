#!/usr/bin/env python
"""Predict an archive: ``python tools/predict_archive.py CONFIG CHECKPOINT SOURCE --out DIR``."""

from handbone.cli.archiving import predict_main

if __name__ == '__main__':
    predict_main()
