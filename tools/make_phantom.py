#!/usr/bin/env python
"""Write synthetic radiographs: the same as ``handbone make-phantom``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('make-phantom')
