#!/usr/bin/env python
"""Average weights: ``python tools/soup.py CONFIG A.pth B.pth --out soup.pth``; see ``--help``."""

from handbone.apis.souping import main

if __name__ == '__main__':
    main()
