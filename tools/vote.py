#!/usr/bin/env python
"""Vote on CSV files of masks: the same as ``handbone vote``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('vote')
