"""Names of images and classes in files of labels never lead out of the folder of the dataset."""

import json
from pathlib import Path
from xml.sax.saxutils import quoteattr

import numpy as np
import pytest
from made_shapes import SIZE, TRIANGLE
from small_dataset import write_png

from handbone.csv_files import csv_bytes
from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import FORMATS, reader_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.conversion import convert
from handbone.datasets.named_files import name_below
from handbone.errors import HandboneError

#: Names that lead to a real image outside the folder.
OUTSIDE = (
    '../secret.png',
    '..\\secret.png',
    'a/../../secret.png',
    '../secret',
    '{root}/secret.png',
)
#: Names that no file can have.
IMPOSSIBLE = ('a\0b.png', '\ud800.png', 'x' * 300 + '.png')


def coco(folder, name):
    height, width = SIZE
    points = [float(each) for point in TRIANGLE for each in point]
    document = dict(
        images=[dict(id=1, file_name=name, height=height, width=width)],
        categories=[dict(id=1, name='round')],
        annotations=[dict(id=1, image_id=1, category_id=1, segmentation=[points])],
    )
    (folder / 'coco.json').write_text(json.dumps(document))


def labelme(folder, name):
    shapes = [dict(label='round', points=TRIANGLE, shape_type='polygon')]
    document = dict(shapes=shapes, imagePath=name, imageHeight=SIZE[0], imageWidth=SIZE[1])
    (folder / 'a.json').write_text(json.dumps(document))


def label_studio(folder, name):
    points = [[100 * x / SIZE[1], 100 * y / SIZE[0]] for x, y in TRIANGLE]
    result = dict(type='polygonlabels', original_width=SIZE[1], original_height=SIZE[0])
    result['value'] = dict(points=points, polygonlabels=['round'])
    task = dict(data=dict(image=name), annotations=[dict(result=[result])])
    (folder / 'tasks.json').write_text(json.dumps([task]))


def local_files(folder, name):
    label_studio(folder, f'/data/local-files/?d={name}')


def cvat(folder, name):
    shape = '<polygon label="round" points="2,2;20,4;6,15"/>'
    image = f'<image name={quoteattr(name)} width="{SIZE[1]}" height="{SIZE[0]}">{shape}</image>'
    (folder / 'annotations.xml').write_text(f'<annotations>{image}</annotations>')


def rle_csv(folder, name):
    header = ('id', 'class', 'rle', 'img_height', 'img_width')
    rows = [header, (name, 'round', '3 4 40 3', *SIZE)]
    (folder / 'masks.csv').write_bytes(csv_bytes(rows))


MADE = {each.__name__: each for each in (coco, labelme, label_studio, local_files, cvat, rle_csv)}


def read(make, folder, **arguments):
    form = {'local_files': 'label_studio'}.get(make, make).replace('_', '-')
    options = dict(order='rows', first=1, relative=False) if make == 'rle_csv' else {}
    return list(reader_class(form)(folder, **arguments, **options))


@pytest.fixture
def folder(tmp_path):
    """A dataset beside an image that is none of its own."""
    write_png(tmp_path / 'secret.png', np.zeros(SIZE, np.uint8))
    write_png(tmp_path / 'data/images/own.png', np.zeros(SIZE, np.uint8))
    return tmp_path / 'data'


@pytest.mark.parametrize('make', MADE)
@pytest.mark.parametrize('name', OUTSIDE)
def test_images_outside_are_never_found(folder, make, name):
    MADE[make](folder, name.format(root=folder.parent))
    (image,) = read(make, folder)
    assert image.path is None
    assert not Path(image.name).is_absolute() and '..' not in Path(image.name).parts
    with pytest.raises(DatasetError, match=r"there is no image '.*' in "):
        read(make, folder, images=folder / 'images')


@pytest.mark.parametrize('to', sorted(FORMATS.keys() - {'dicom-seg'}))
@pytest.mark.parametrize('name', OUTSIDE)
def test_nothing_is_written_outside_the_target(folder, tmp_path, to, name):
    coco(folder, name.format(root=tmp_path))
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    convert(folder, tmp_path / 'out/target', to)
    after = {path: path.stat().st_mtime_ns for path in tmp_path.rglob('*')}
    new = {path for path in after if before.get(path) != after[path]}
    assert {path for path in new if tmp_path / 'out' not in (path, *path.parents)} <= {tmp_path}


@pytest.mark.parametrize('make', MADE)
@pytest.mark.parametrize('name', IMPOSSIBLE)
def test_names_that_no_file_can_have(folder, make, name):
    try:
        MADE[make](folder, name)
    except UnicodeEncodeError:
        pytest.skip('the format cannot hold the name')
    with pytest.raises(HandboneError, match='no file can be named|NUL bytes|is not XML') as caught:
        read(make, folder)
    assert str(caught.value).startswith(str(folder)) and '\n' not in str(caught.value)


@pytest.mark.parametrize('name', ['', '.', '/', 'http://[', 'https://host/'])
def test_addresses_that_name_no_file(folder, name):
    label_studio(folder, name)
    with pytest.raises(DatasetError, match='task 0: the (address|data) of the (image|task)'):
        read('label_studio', folder)


def test_names_below_a_folder():
    names = {'a/b.png': 'a/b.png', 'C:\\x\\y.png': 'x/y.png', '//etc//./p': 'etc/p', '..': 'image'}
    assert {name: name_below(name, 'file') for name in names} == names
    assert name_below('é' * 110 + '.png', 'file') == 'é' * 110 + '.png'


def test_a_class_is_chosen_once(folder):
    coco(folder, 'own.png')
    with pytest.raises(DatasetError, match="class 'round' is chosen twice. Give each name once"):
        read('coco', folder, choice=ClassChoice(['round', 'round']))


@pytest.mark.parametrize('name', ['a\nb', '\ud800', ' a', '#a', ''])
def test_names_of_classes_that_no_list_can_hold(folder, name):
    coco(folder, 'own.png')
    path = folder / 'coco.json'
    document = json.loads(path.read_bytes())
    document['categories'][0]['name'] = name
    path.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match='coco.json: .* is no name of a class. Rename it'):
        read('coco', folder)
    (image,) = read('coco', folder, choice=ClassChoice(rename={name: 'a'}))
    assert image.labels.present() == [0]
