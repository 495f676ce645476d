"""Files of ten gigabytes are refused in a line before they fill the memory."""

import io
import resource
import zipfile

import numpy as np
import psutil
import pytest
from made_images import CLASSES, made_images, masks_of, write_all
from small_dataset import write_png

from handbone import csv_files, json_stream, xml_stream
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.errors import DatasetError
from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.class_choice import ClassChoice


@pytest.fixture(autouse=True)
def little_memory():
    """Two gigabytes more than this process has; files that are mapped do not count."""
    before = resource.getrlimit(resource.RLIMIT_DATA)
    limit = psutil.Process().memory_info().data + 2 * 2**30
    resource.setrlimit(resource.RLIMIT_DATA, (limit, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_DATA, before)


def grown(folder, form, pattern):
    """A dataset, one file of which is followed by ten gigabytes that take no place on the disk."""
    write_all(writer_class(form)(folder, CLASSES), made_images())
    path = sorted(folder.rglob(pattern))[0]
    with path.open('r+b') as file:
        file.truncate(10 * 2**30)
    return path


@pytest.mark.parametrize(('form', 'pattern'), [('hand-bone', '*.json'), ('labelme', '*.json')])
def test_one_file_of_several(tmp_path, form, pattern):
    path = grown(tmp_path, form, pattern)
    bad_files = BadFiles('report')
    reader = reader_class(form)(tmp_path, choice=ClassChoice(CLASSES), bad_files=bad_files)
    assert len(list(reader)) == 3
    (problem,) = {str(each) for each in bad_files.problems}
    assert problem.startswith(f'{path}: the file has 10.0 GB, and at most 1 GB are parsed at once')


def test_one_file_for_all(tmp_path):
    path = grown(tmp_path, 'color-png', 'colors.json')
    with pytest.raises(DatasetError, match=f'{path}: the file has 10.0 GB'):
        list(reader_class('color-png')(tmp_path))


@pytest.mark.parametrize(
    ('form', 'pattern', 'fault'),
    [
        ('cvat', 'annotations.xml', 'XML'),
        ('label-studio', 'tasks.json', r'JSON \(there is more behind its end'),
    ],
)
def test_formats_that_are_read_in_pieces(tmp_path, form, pattern, fault):
    path = grown(tmp_path, form, pattern)
    with pytest.raises(DatasetError, match=f'{path}: the file is not {fault}'):
        list(reader_class(form)(tmp_path))


def test_a_line_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, 'LONGEST_LINE', 2**16)
    path = grown(tmp_path, 'rle-csv', 'masks.csv')
    with pytest.raises(DatasetError, match=rf'{path}, line \d+: the line is longer than'):
        list(reader_class('rle-csv')(tmp_path))


@pytest.mark.parametrize(
    ('form', 'pattern'),
    [(form, 'hand1.png') for form in ('label-png', 'class-masks', 'index-png', 'color-png')]
    + [('nnunet', 'ID0__hand1.png')],
)
def test_pictures(tmp_path, form, pattern):
    path = grown(tmp_path, form, pattern)
    bad_files = BadFiles('report')
    reader = reader_class(form)(tmp_path, bad_files=bad_files)
    assert len(masks_of(reader)) == 3
    (problem,) = {str(each) for each in bad_files.problems}
    assert problem.startswith(f'{path}: the file has 10.0 GB, more than an image can have')


def test_images(tmp_path):
    write_all(writer_class('coco')(tmp_path, CLASSES), made_images(tmp_path / 'images'))
    for name in ('hand1.png', 'hand2.png'):
        (path,) = tmp_path.rglob(name)
        with path.open('r+b') as file:
            if name == 'hand2.png':  # zeros in the place of its end
                file.truncate(path.stat().st_size - 12)
            file.truncate(10 * 2**30)
    bad_files = BadFiles('report')
    assert len(list(reader_class('coco')(tmp_path, bad_files=bad_files))) == 2
    assert all('has 10.0 GB, more than an image' in str(each) for each in bad_files.problems)


def test_an_image_behind_whose_pixels_are_zeros(tmp_path):
    path = tmp_path / 'images/a.png'
    write_png(path, np.zeros((20, 28), np.uint8))
    with path.open('r+b') as file:
        file.truncate(path.stat().st_size - 12)
        file.truncate(2**30)
    write_all(writer_class('coco')(tmp_path, CLASSES), made_images(count=1))
    coco = (tmp_path / 'coco.json').read_text().replace('ID0/hand0.png', 'a.png')
    (tmp_path / 'coco.json').write_text(coco)
    with pytest.raises(DatasetError, match=r'a.png: the header of the PNG is damaged'):
        list(reader_class('coco')(tmp_path))


def test_arrays_are_mapped(tmp_path):
    """What follows on an array does not matter, and a header alone takes no memory."""
    path = grown(tmp_path, 'arrays', 'hand1.npy')
    assert len(masks_of(reader_class('arrays')(tmp_path))) == 4
    header = io.BytesIO()
    described = dict(descr='|u1', fortran_order=False, shape=(3, 60_000, 60_000))
    np.lib.format.write_array_header_1_0(header, described)
    with path.open('r+b') as file:
        file.truncate(0)
        file.write(header.getvalue())
        file.truncate(len(header.getvalue()) + 3 * 60_000**2)
    with pytest.raises(DatasetError, match=r'hand1.npy: .* height 60000 there, which no image'):
        list(reader_class('arrays')(tmp_path))


@pytest.mark.parametrize('shape', [(3, 9000, 60_000), (3, 10**9, 10**9)])
def test_packed_arrays_are_not_unpacked(tmp_path, shape):
    """A header of 1.6 or of a billion gigabytes in a small archive, and zeros behind it."""
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(
        header, dict(descr='<f8', fortran_order=False, shape=shape)
    )
    (tmp_path / 'masks').mkdir()
    path = tmp_path / 'masks/a.npz'
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as packed:
        packed.writestr('masks.npy', header.getvalue() + bytes(10**6))
    with pytest.raises(DatasetError, match=r'a.npz: .* which no image has'):
        list(reader_class('arrays')(tmp_path, choice=ClassChoice(CLASSES)))


def test_a_packed_array_of_an_allowed_size(tmp_path, monkeypatch):
    monkeypatch.setattr('handbone.datasets.formats.channel_arrays.MOST_BYTES', 10**3)
    (tmp_path / 'masks').mkdir()
    np.savez_compressed(tmp_path / 'masks/a.npz', masks=np.zeros((3, 20, 28)))
    (image,) = reader_class('arrays')(tmp_path, choice=ClassChoice(CLASSES))
    with pytest.raises(DatasetError, match='a.npz: .* GB once it is unpacked'):
        image.draw(3)


def test_coco(tmp_path):
    path = grown(tmp_path, 'coco', 'coco.json')
    with pytest.raises(DatasetError, match=f'{path}: the file is not JSON'):
        list(reader_class('coco')(tmp_path))


def test_a_json_value_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(json_stream, 'MOST_BYTES', 2**21)
    path = tmp_path / 'coco.json'
    path.write_text('{"images": [{"id": "' + 'a' * 2**23)
    with pytest.raises(DatasetError, match=f'{path}: one value has more than'):
        reader_class('coco')(tmp_path)


@pytest.mark.parametrize('inner', ['<polygon points="{}', '<polygon>{}', '{}'])
def test_an_xml_element_without_an_end(tmp_path, monkeypatch, inner):
    monkeypatch.setattr(xml_stream, 'MOST_BYTES', 2**20)
    path = tmp_path / 'annotations.xml'
    path.write_text('<annotations><image name="a">' + inner.format('1,2;' * 2**20))
    with pytest.raises(DatasetError, match=f'{path}: one element has more than 1 MB'):
        reader_class('cvat')(tmp_path)


def test_a_quote_without_an_end(tmp_path, monkeypatch):
    monkeypatch.setattr(csv_files, 'LONGEST_LINE', 2**16)
    (tmp_path / 'masks.csv').write_text('id,rle\na,"' + '1 2\n' * 2**16)
    with pytest.raises(DatasetError, match=r'masks.csv, line 2: a quoted field is longer than'):
        reader_class('rle-csv')(tmp_path)


def test_class_lists(tmp_path):
    path = grown(tmp_path, 'arrays', 'classes.txt')
    with pytest.raises(DatasetError, match=f'{path}, line 4: there is a zero byte'):
        reader_class('arrays')(tmp_path)
    path.write_text('a' * 2**17)
    with pytest.raises(DatasetError, match=f'{path}, line 1: it is longer than'):
        reader_class('arrays')(tmp_path)


def test_dicom_files(tmp_path):
    pytest.importorskip('pydicom', reason='needs pip install "handbone[dicom]"')
    from test_formats_dicom_seg import write_image

    from handbone.radiographs import RadiographError
    from handbone.radiographs.reading import read_image_size, read_radiograph

    path = tmp_path / 'a.dcm'
    write_image(path, (20, 27))
    with path.open('r+b') as file:
        file.truncate(2**30)
    assert read_image_size(path) == (20, 27)
    with path.open('r+b') as file:
        file.truncate(10 * 2**30)
    for read in (read_image_size, read_radiograph):
        with pytest.raises(RadiographError, match=f'{path}: the file has 10.0 GB, more than'):
            read(path)
