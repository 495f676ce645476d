#!/usr/bin/env python
"""Take a submission out of an archive: ``python tools/archive_to_csv.py DIR --out FILE.csv``."""

from handbone.cli.archiving import csv_main

if __name__ == '__main__':
    csv_main()
