"""A conversion that was killed leaves nothing half-written, and run again gives the same files."""

import os
import signal

import pytest
from made_images import CLASSES, made_images, write_all

from handbone.datasets.formats.catalogue import FORMATS, writer_class
from handbone.datasets.formats.conversion import convert

#: Formats of any image; DICOM segmentations refer to DICOM images.
OF_PICTURES = sorted(FORMATS.keys() - {'dicom-seg'})


def contents(folder):
    """Content of every file by its name, hidden ones included."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob('*')
        if path.is_file()
    }


def killed_after(count):
    """A progress that ends its process without a word."""

    def progress(images):
        for number, image in enumerate(images):
            if number == count:
                os.kill(os.getpid(), signal.SIGKILL)
            yield image

    return progress


@pytest.mark.parametrize('to', OF_PICTURES)
def test_a_conversion_that_was_killed(tmp_path, to):
    write_all(writer_class('coco')(tmp_path / 'in', CLASSES), made_images(tmp_path / 'in/images'))
    convert(tmp_path / 'in', tmp_path / 'whole', to)
    whole = contents(tmp_path / 'whole')
    child = os.fork()
    if not child:
        convert(tmp_path / 'in', tmp_path / 'out', to, progress=killed_after(3))
        os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL
    for name, content in contents(tmp_path / 'out').items():
        hidden = name.rpartition('/')[2].startswith('.')
        assert hidden or whole[name] == content  # what has its name is whole
    assert not (tmp_path / 'out' / 'dataset.json').exists()
    convert(tmp_path / 'in', tmp_path / 'out', to)
    assert contents(tmp_path / 'out') == whole
