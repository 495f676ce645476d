"""Radiographs from files of all formats."""

from .radiograph import Radiograph

__all__ = ['Radiograph']
