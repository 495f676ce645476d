#!/usr/bin/env python
"""Write weights to share: the same as ``handbone publish``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('publish')
