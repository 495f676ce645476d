#!/usr/bin/env python
"""Crop a dataset to a region: the same as ``handbone crop-dataset``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('crop-dataset')
