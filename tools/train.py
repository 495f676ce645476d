#!/usr/bin/env python
"""Train a model: the same as ``handbone train``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('train')
