#!/usr/bin/env python
"""Predict an archive: the same as ``handbone predict-archive``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('predict-archive')
