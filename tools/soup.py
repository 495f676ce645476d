#!/usr/bin/env python
"""Average weights: ``python tools/soup.py CONFIG A.pth B.pth --out soup.pth``; see ``--help``."""

from handbone.cli.soup import main

if __name__ == '__main__':
    main()
