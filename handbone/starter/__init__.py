"""The weights that come with the package: the 29 bones of the hand, learnt from phantoms alone."""

import hashlib
from pathlib import Path

from handbone.errors import HandboneError

#: Name of the shipped config that the weights fit.
CONFIG = 'starter/hand'
WEIGHTS = Path(__file__).with_name('hand.safetensors')
#: Of the whole file, so that no damaged or foreign weights pass for these.
SHA256 = 'd5ea47675d46952f5baa5699354e385e91b8acca89826ca6e1b2e818bb3d5292'
NOTICE = (
    'starter weights of handbone: trained on synthetic radiographs alone, for trying out and as a '
    'start for your own training; not a medical device'
)


def starter_weights() -> Path:
    """Find the starter weights.

    Returns:
        The file, whose content is what this version of handbone came with.

    Raises:
        HandboneError: If it is missing, damaged or of a different version.
    """
    try:
        content = WEIGHTS.read_bytes()
    except OSError as error:
        raise HandboneError(
            f'{WEIGHTS}: the starter weights cannot be read ({error.strerror}); install handbone '
            'again: pip install --force-reinstall --no-deps handbone'
        ) from error
    if hashlib.sha256(content).hexdigest() != SHA256:
        raise HandboneError(
            f'{WEIGHTS}: the starter weights are damaged or of a different version; install '
            'handbone again: pip install --force-reinstall --no-deps handbone'
        )
    return WEIGHTS
