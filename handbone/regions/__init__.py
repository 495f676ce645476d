"""Regions of an image that a second network sees on their own: where they are, and their pixels."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
