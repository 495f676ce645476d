#!/usr/bin/env python
"""Compare trainings: the same as ``handbone compare-runs``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('compare-runs')
