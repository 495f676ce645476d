#!/usr/bin/env python
"""Vote on submission files: ``python tools/vote.py A.csv B.csv --out C.csv``; see ``--help``."""

from handbone.cli.vote import main

if __name__ == '__main__':
    main()
