"""Labels by models, for training: how sure they are, and what is left unknown."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
