#!/usr/bin/env python
"""Write weights to share: ``python tools/publish_model.py CHECKPOINT``; see ``--help``."""

from handbone.cli.publish import main

if __name__ == '__main__':
    main()
