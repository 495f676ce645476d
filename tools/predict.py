#!/usr/bin/env python
"""Predict radiographs: the same as ``handbone predict``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('predict')
