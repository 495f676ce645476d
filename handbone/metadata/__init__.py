"""Tables of patients: sex, age, height and so on, by the patient of an image."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
