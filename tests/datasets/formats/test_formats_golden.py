"""Golden files of every format, which the formats' own libraries wrote; see golden/README.md."""

from pathlib import Path

import numpy as np
import pytest

from handbone.datasets.formats.catalogue import FORMATS, reader_class, recognise
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.masks import unpack

GOLDEN = Path(__file__).parent / 'golden'
NAMES = ('round', 'square', 'long')
#: Formats of one class per pixel, the later one where two overlap.
FLAT = ('index-png', 'color-png')


def truth(form):
    masks = np.zeros((3, 20, 28), bool)
    masks[0, 3:10, 4:15] = masks[1, 6:16, 10:21] = masks[2, 17:19, 2:26] = True
    if form in FLAT:
        masks[0] &= ~masks[1]
    return masks


@pytest.mark.parametrize('form', FORMATS)
def test_the_masks_are_those_of_the_definition(form):
    if form == 'dicom-seg':
        pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
    folder = GOLDEN / form
    assert recognise(folder)[0] == form
    reader = reader_class(form)(folder, choice=ClassChoice(NAMES))
    assert len(reader) == 1 and reader.classes == NAMES and not reader.losses.lines()
    (image,) = reader
    assert (Path(image.name).stem, image.height, image.width) == ('hand', 20, 28)
    assert image.path is None
    np.testing.assert_array_equal(unpack(image.draw(3), 3), truth(form))


def test_files_are_small():
    sizes = {path: path.stat().st_size for path in GOLDEN.rglob('*') if path.is_file()}
    assert {path.relative_to(GOLDEN).parts[0] for path in sizes} >= {*FORMATS}
    assert max(sizes.values()) < 12_000
