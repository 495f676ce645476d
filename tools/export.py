#!/usr/bin/env python
"""Write a model for ONNX Runtime or OpenVINO: the same as ``handbone export``; see ``--help``."""

from _command import run

if __name__ == '__main__':
    run('export')
