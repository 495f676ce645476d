"""Presets of the settings of a dataset."""

from dataclasses import dataclass, replace

from handbone.phantom.settings import PhantomSettings
from handbone.phantom.wild.settings import WildSettings

Settings = PhantomSettings | WildSettings


@dataclass(frozen=True)
class Preset:
    """Settings of the training and the test images of a dataset.

    Args:
        train: Settings of the training images.
        test: Settings of the test images.
    """

    train: Settings
    test: Settings


_DEFAULT = PhantomSettings()

#: ``default`` draws training and test images from the same distributions; ``shift`` bends 12 % of
#: the wrists in training and 60 % in the test; ``wild`` draws films, placements, ages and objects
#: that are as varied as those of archives.
PRESETS = {
    'default': Preset(_DEFAULT, _DEFAULT),
    'shift': Preset(
        replace(_DEFAULT, bent_wrist_rate=0.12), replace(_DEFAULT, bent_wrist_rate=0.6)
    ),
    'wild': Preset(WildSettings(), WildSettings()),
}
