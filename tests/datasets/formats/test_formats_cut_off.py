"""Every file of a dataset, cut off at its end: an error that names it, or the same labels."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
from made_images import CLASSES, made_images, masks_of, write_all
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import FORMATS, reader_class, recognise, writer_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.errors import HandboneError

#: Bytes that are missing at the end.
CUTS = (1, 2, 3, 4, 7, 12, 25, 40)
#: Formats of DICOM images have tests of their own.
OF_PICTURES = sorted(FORMATS.keys() - {'dicom-seg'})


def read(form, folder):
    reader = reader_class(form)(folder)
    masks = {name: each.tobytes() for name, each in masks_of(reader).items()}
    return reader, (reader.classes, masks)


def written(folder, form, **options):
    writer = writer_class(form)(folder, CLASSES, **options)
    images = made_images()
    for image in images:
        name = Path(writer.IMAGE_FOLDER or 'images') / writer.image_name(image)
        write_png(folder / name, np.zeros((20, 28), np.uint8))
    write_all(writer, images)
    return folder


@pytest.mark.parametrize('form', OF_PICTURES)
def test_every_file(tmp_path, form):
    written(tmp_path, form)
    _, whole = read(form, tmp_path)
    for path in sorted(each for each in tmp_path.rglob('*') if each.is_file()):
        data = path.read_bytes()
        for cut in CUTS:
            if form == 'rle-csv' and data[-cut - 1 :].startswith(b'\n'):
                continue  # whole rows are missing, and nobody knows how many there were
            path.write_bytes(data[:-cut])
            try:
                reader, found = read(form, tmp_path)
            except HandboneError as error:
                # without its last lines, a list of classes does not fit the masks
                assert path.name in str(error) or path.name == 'classes.txt'
                continue
            if path.name == 'classes.txt':
                assert any(f'the last line of {path} has no end' in note for note in reader.notes)
            else:
                assert found == whole and not data[-cut:].strip()
        path.write_bytes(data)


@pytest.mark.parametrize('form', OF_PICTURES)
def test_damaged_images_keep_their_names(tmp_path, form):
    """So that a list of rejected images can name them."""
    written(tmp_path, form)
    reader = reader_class(form)(tmp_path)
    images = list(reader)
    names = [each.name for each in images]
    assert reader.names() == names and len(names) == len(reader)
    for image in images:
        image.path.write_bytes(image.path.read_bytes()[:20])
    reader = reader_class(form)(tmp_path)
    assert reader.names() == names
    _, problems = reader.attempt(next(iter(reader.entries())))
    assert problems


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le', 'utf-16-be', 'utf-32', 'utf-8-sig'])
@pytest.mark.parametrize('form', ['hand-bone', 'coco', 'labelme', 'label-studio', 'nnunet'])
def test_json_in_other_encodings(tmp_path, form, encoding):
    """As Windows programs write it: read like UTF-8, and cut off it names its encoding."""
    written(tmp_path, form)
    _, whole = read(form, tmp_path)
    for path in tmp_path.rglob('*.json'):
        path.write_bytes(path.read_text(encoding='utf-8').encode(encoding))
    assert recognise(tmp_path)[0] == form
    assert read(form, tmp_path)[1] == whole
    if encoding.startswith('utf-16'):
        path.write_bytes(path.read_bytes()[:-1])
        with pytest.raises(HandboneError, match=f'{path.name}: .*(?i:utf-16)'):
            read(form, tmp_path)


def test_tables_in_utf_16_are_recognised_and_refused(tmp_path):
    path = written(tmp_path, 'rle-csv') / 'masks.csv'
    path.write_bytes(path.read_text().encode('utf-16'))
    assert recognise(tmp_path)[0] == 'rle-csv'
    with pytest.raises(DatasetError, match='masks.csv, line 1: the file is UTF-16. Save it as'):
        read('rle-csv', tmp_path)


def test_a_class_list_that_annotations_contradict(tmp_path):
    """Label Studio's interface lists the labels that the tasks name."""
    written(tmp_path, 'label-studio')
    path = tmp_path / 'interface.xml'
    assert reader_class('label-studio')(tmp_path).classes == CLASSES
    path.write_text(path.read_text().replace('"square"', '"squar"'))
    with pytest.raises(DatasetError, match=f"task 1, .*'square' is not among .*, or {path}"):
        read('label-studio', tmp_path)
    chosen = reader_class('label-studio')(tmp_path, choice=ClassChoice(CLASSES))
    assert len(masks_of(chosen)) == 4


def test_interfaces_as_projects_have_them(tmp_path):
    """Labels without an area, names behind aliases, a class that no task has."""
    written(tmp_path, 'label-studio')
    (tmp_path / 'interface.xml').write_text(
        '<View><Image name="image" value="$image"/><KeyPointLabels name="k" toName="image">'
        '<Label value="tip"/></KeyPointLabels><PolygonLabels name="label" toName="image">'
        '<Label value="Long" alias="long"/><Label value="square"/></PolygonLabels>'
        '<BrushLabels name="b" toName="image"><Label value="round"/><Label value="square"/>'
        '<Label value="never"/></BrushLabels></View>'
    )
    reader = reader_class('label-studio')(tmp_path)
    assert reader.classes == ('long', 'square', 'round', 'never')
    (tmp_path / 'interface.xml').write_text('<View></View>')
    with pytest.raises(DatasetError, match='interface.xml: it has no label in PolygonLabels'):
        reader_class('label-studio')(tmp_path)


def test_class_lists_that_name_a_class_twice(tmp_path):
    written(tmp_path, 'arrays')
    (tmp_path / 'classes.txt').write_text('round\nround\nlong\n')
    with pytest.raises(DatasetError, match="classes.txt: it names 'round' twice"):
        reader_class('arrays')(tmp_path)


def test_masks_in_json_that_are_cut_off(tmp_path):
    written(tmp_path, 'labelme', shapes='mask')
    path = tmp_path / 'ID0/hand1.json'
    document = json.loads(path.read_bytes())
    mask = base64.b64decode(document['shapes'][0]['mask'])
    document['shapes'][0]['mask'] = base64.b64encode(mask[:-3]).decode()
    path.write_text(json.dumps(document))
    with pytest.raises(DatasetError, match=r'hand1.json: shapes\[0\]: .*the PNG is truncated'):
        read('labelme', tmp_path)
