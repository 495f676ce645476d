#!/usr/bin/env python
"""Take a CSV out of an archive: the same as ``handbone archive-to-csv``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('archive-to-csv')
