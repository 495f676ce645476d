#!/usr/bin/env python
"""Test a model: the same as ``handbone test``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('test')
