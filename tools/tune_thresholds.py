#!/usr/bin/env python
"""Tune thresholds: the same as ``handbone tune-thresholds``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('tune-thresholds')
