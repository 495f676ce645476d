#!/usr/bin/env python
"""Test the mean of models: the same as ``handbone soft-vote``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('soft-vote')
