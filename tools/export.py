#!/usr/bin/env python
"""Write a model for ONNX Runtime or OpenVINO: ``python tools/export.py --help``."""

from handbone.cli.export import main

if __name__ == '__main__':
    main()
