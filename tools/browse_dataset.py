#!/usr/bin/env python
"""Draw augmented images: the same as ``handbone browse-dataset``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('browse-dataset')
