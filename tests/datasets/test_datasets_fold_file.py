"""The CSV of folds: its reader, and the dataset that follows it."""

from pathlib import Path

import numpy as np
import pytest
from small_dataset import shapes

from handbone.datasets import DatasetError, image_attributes
from handbone.datasets.attribute_values import banded, side_of
from handbone.datasets.fold_file import read_fold_file, write_fold_file
from handbone.datasets.formats.conversion import convert
from handbone.datasets.image_attributes import read_attributes, without_attributes
from handbone.errors import HandboneError
from handbone.metadata.patient_table import PatientTable

HEADER = 'patient,fold\n'


def test_a_file_that_is_written_is_read(tmp_path):
    folds = {'ID1': 1, '한 명, 둘': 0, 'ID3\udcbc\udcd5': 1}
    write_fold_file(tmp_path / 'folds.csv', folds)
    assert read_fold_file(tmp_path / 'folds.csv') == folds


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('ID,fold\na,0\n', "line 1: the header 'ID,fold' does not begin with patient,fold"),
        (HEADER + 'a,0\na,1\n', "line 3: a second row of patient 'a'"),
        (HEADER + ',0\n', 'line 2: no patient'),
        (HEADER + 'a,0\nb,x\n', "line 3: 'x' is not the number of a fold"),
        (HEADER + 'a,0\nb,-1\n', "line 3: '-1' is not"),
        (HEADER + 'a,0\nb,2\n', 'no patient is in fold 1'),
        (HEADER + 'a,0\n', 'no patient is in fold 1'),
        (HEADER, 'no patient is in fold 0'),
        (HEADER + 'a\n', 'line 2: 1 field where the header has 2'),
        ('', 'the file is empty'),
    ],
)
def test_files_that_are_not_folds(tmp_path, text, message):
    path = tmp_path / 'folds.csv'
    path.write_text(text)
    with pytest.raises(ValueError, match=f'folds.csv.*{message}'):
        read_fold_file(path)


@pytest.fixture
def six(folder):
    """The patients of the dataset, each in the fold of its place."""
    names = sorted(path.name for path in (folder.root / 'train/DCM').iterdir())
    return {name: place % 2 for place, name in enumerate(names)}


def test_the_dataset_follows_the_file(folder, build, six, tmp_path):
    path = tmp_path / 'folds.csv'
    write_fold_file(path, six | {'gone': 0})
    for fold in (0, 1):
        options = dict(fold=fold, num_folds=2, fold_file=str(path))
        held_out = {info['patient'] for info in build(folder.config(split='val', **options))}
        trained = {info['patient'] for info in build(folder.config(**options))}
        assert held_out == {name for name, of in six.items() if of == fold}
        assert trained == set(six) - held_out


def test_a_file_that_does_not_fit_the_dataset(folder, build, six, tmp_path):
    path = tmp_path / 'folds.csv'
    options = dict(fold=0, num_folds=2, fold_file=str(path))
    with pytest.raises(ValueError, match='the CSV of folds cannot be read'):
        build(folder.config(**options))
    write_fold_file(path, six)
    with pytest.raises(ValueError, match=r'has 2 folds where num_folds is 5. Set num_folds=2'):
        build(folder.config(**options | dict(num_folds=5)))
    with pytest.raises(DatasetError, match='fold 2 of 2 does not exist'):
        build(folder.config(**options | dict(fold=2)))
    first = next(iter(six))
    write_fold_file(path, {name: of for name, of in six.items() if name != first})
    with pytest.raises(ValueError, match=f'has no fold for 1 patient: {first!r}'):
        build(folder.config(**options))


def test_attributes_of_images(folder, build):
    attributes = read_attributes(build(folder.config()))
    assert attributes.classes == ('round', 'square', 'long') and 'bend' not in attributes.values
    assert attributes.presence.all() and attributes.areas.shape == (len(attributes.patients), 3)
    with pytest.raises(ValueError, match=r"'sex' cannot be seen in the images.*Add a table"):
        read_attributes(build(folder.config()), ['sex'])


def test_an_unknown_attribute_is_refused_before_images_are_measured(folder, build, monkeypatch):
    monkeypatch.setattr(image_attributes, 'labels_of', None)
    table = PatientTable(Path('p.csv'), {'age': {}}, ('a',))
    with pytest.raises(HandboneError, match="p.csv has no column 'sex'; its columns are 'age'"):
        read_attributes(build(folder.config()), ['side', 'sex'], table)


@pytest.mark.parametrize(
    ('name', 'side'),
    [
        ('image1661130828152_R.png', 'R'),
        ('JP_SCGH_P0029_20121201_5835_L.bmp', 'L'),
        ('hand-left.png', 'L'),
        ('scan right.dcm', 'R'),
        ('normal.png', 'unknown'),
        ('12R.png', 'unknown'),
    ],
)
def test_sides_of_image_names(name, side):
    assert side_of(name) == side


def test_bands_of_numbers():
    found = banded('age', [*map(str, range(20, 100)), ''])
    assert found[-1] == 'unknown' and len(set(found)) == 5
    assert [found.count(value) for value in dict.fromkeys(found[:-1])] == [20] * 4
    assert banded('grade', ['1', '2', '3', '1']) == ['1', '2', '3', '1']
    assert banded('sex', ['F', 'M', '', 'F']) == ['F', 'M', 'unknown', 'F']


def test_attributes_of_labels_that_are_no_polygons(build, tmp_path, phantom_root):
    """Runs of COCO give the areas and bends that the polygons they were drawn from have."""
    drawn = build(dict(type='XRayHandBoneDataset', data_root=str(phantom_root)))
    images = phantom_root / 'train/DCM'
    source = phantom_root / 'train/outputs_json'
    convert(source, tmp_path, 'coco', image_files='none', images=images)
    runs = build(
        dict(
            type='FormatDataset',
            format='coco',
            metainfo=dict(classes=drawn.metainfo['classes']),
            data_prefix=dict(img_path=str(images), ann_path=str(tmp_path / 'coco.json')),
        )
    )
    assert runs.get_data_info(0)['polygons'] is None
    expected, found = read_attributes(drawn), read_attributes(runs)
    assert found.patients == expected.patients
    assert found.values['side'] == expected.values['side']
    pairs = zip(found.values['bend'], expected.values['bend'], strict=True)
    assert sum(one != other for one, other in pairs) <= 1  # some lie at the limit
    np.testing.assert_allclose(found.areas, expected.areas, rtol=0.3, atol=1e-3)
    assert without_attributes(runs, found) == []


def test_attributes_of_images_that_do_not_know_a_class(folder, build, tmp_path):
    (tmp_path / 'unknown.csv').write_text('image_name,class\nimage1_R,round\n')
    folder.add('ID001', 'image1_R', [each for each in shapes() if each['label'] != 'round'])
    dataset = build(folder.config(unknown_file=str(tmp_path / 'unknown.csv')))
    known = read_attributes(dataset).known
    names = [dataset.get_data_info(index)['image_name'] for index in range(len(dataset))]
    assert known.shape == (len(names), 3)
    assert np.argwhere(~known).tolist() == [[names.index('image1_R.png'), 0]]
