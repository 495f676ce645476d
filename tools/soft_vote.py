#!/usr/bin/env python
"""Test the mean of models: ``python tools/soft_vote.py --model CONFIG CHECKPOINT …``."""

from handbone.apis.soft_voting import main

if __name__ == '__main__':
    main()
