#!/usr/bin/env python
"""Average weights: the same as ``handbone soup``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('soup')
