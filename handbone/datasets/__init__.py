"""Datasets whose classes may overlap, and the transforms of their packed label maps."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
