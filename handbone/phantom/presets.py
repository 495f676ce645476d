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
_WILD = WildSettings()
# a network that finds the hand learns from one hand per film, and from films without one
_ONE_HAND = replace(
    _WILD,
    film=replace(_WILD.film, two_exposures_rate=0.0),
    placement=replace(_WILD.placement, absent_rate=0.04),
)

#: ``default`` draws training and test images from the same distributions; ``shift`` bends 12 % of
#: the wrists in training and 60 % in the test; ``wild`` draws films, placements, ages and objects
#: that are as varied as those of archives; ``starter`` is ``wild`` with at most one hand per film,
#: and none in 4 % of them: what the weights of the package were trained on.
PRESETS = {
    'default': Preset(_DEFAULT, _DEFAULT),
    'shift': Preset(
        replace(_DEFAULT, bent_wrist_rate=0.12), replace(_DEFAULT, bent_wrist_rate=0.6)
    ),
    'wild': Preset(_WILD, _WILD),
    'starter': Preset(_ONE_HAND, _ONE_HAND),
}
