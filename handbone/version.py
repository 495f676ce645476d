"""The version of the package; setup.py reads it without importing."""

__version__ = '0.2.0'
