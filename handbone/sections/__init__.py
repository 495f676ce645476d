"""Tissue sections: large colour images that are read in parts, and their tiles."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
