"""A conversion that was killed leaves nothing half-written, and run again gives the same files."""

import pytest
from killed_child import contents, dying_at, is_hidden, killed
from made_images import CLASSES, made_images, write_all

from handbone.datasets.formats.catalogue import FORMATS, writer_class
from handbone.datasets.formats.conversion import convert

#: Formats of any image; DICOM segmentations refer to DICOM images.
OF_PICTURES = sorted(FORMATS.keys() - {'dicom-seg'})


def killed_after(count):
    """A progress that ends its process without a word."""
    return lambda images: map(dying_at(count + 1, lambda image: image), images)


@pytest.mark.parametrize('to', OF_PICTURES)
def test_a_conversion_that_was_killed(tmp_path, to):
    write_all(writer_class('coco')(tmp_path / 'in', CLASSES), made_images(tmp_path / 'in/images'))
    convert(tmp_path / 'in', tmp_path / 'whole', to)
    whole = contents(tmp_path / 'whole')
    killed(lambda: convert(tmp_path / 'in', tmp_path / 'out', to, progress=killed_after(3)))
    for name, content in contents(tmp_path / 'out').items():
        assert is_hidden(name) or whole[name] == content  # what has its name is whole
    assert not (tmp_path / 'out' / 'dataset.json').exists()
    convert(tmp_path / 'in', tmp_path / 'out', to)
    assert contents(tmp_path / 'out') == whole
