#!/usr/bin/env python
"""Score a CSV of masks: the same as ``handbone evaluate``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('evaluate')
