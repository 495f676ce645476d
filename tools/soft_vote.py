#!/usr/bin/env python
"""Test the mean of models: ``python tools/soft_vote.py --model CONFIG CHECKPOINT …``."""

from handbone.cli.soft_vote import main

if __name__ == '__main__':
    main()
