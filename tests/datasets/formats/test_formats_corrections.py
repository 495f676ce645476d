"""Labels that come back from an annotation tool replace those of the dataset."""

import json

import cv2
import numpy as np
import pytest
from made_images import CLASSES, drawn_masks, made_image, write_all

from handbone.annotations import annotation_json
from handbone.datasets import DatasetError
from handbone.datasets.formats.catalogue import reader_class, writer_class
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.conversion import convert
from handbone.datasets.formats.corrections import Corrections
from handbone.errors import HandboneError

SIZE = 64


def write(folder, names, left):
    """Images with one square of Ulna at a place."""
    corners = [[left, 8], [left + 15, 8], [left + 15, 23], [left, 23]]
    for name in names:
        image, label = folder / 'DCM' / f'{name}.png', folder / 'outputs_json' / f'{name}.json'
        for path in (image, label):
            path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(image), np.zeros((SIZE, SIZE), np.uint8))
        drawn = [('Ulna', np.array(corners, float))]
        label.write_bytes(annotation_json(drawn, image.stem, image.name, SIZE, SIZE, []))
    return folder


@pytest.mark.parametrize('to', ['labelme', 'cvat', 'hand-bone'])
def test_corrected_images_take_the_new_labels(tmp_path, to):
    source = write(tmp_path / 'old', ['ID1/a', 'ID2/b'], left=8)
    tool = tmp_path / 'tool'
    convert(write(tmp_path / 'new', ['ID2/b'], left=32), tool, to)
    done = convert(source, tmp_path / 'out', 'hand-bone', corrected=tool)
    assert f'1 image with the labels of {tool}' in done.notes and done.images == 2
    reader = reader_class('hand-bone')(tmp_path / 'out')
    places = {image.name: np.flatnonzero(image.draw(29)[10]) for image in reader}
    assert places['ID1/a.png'].tolist() == list(range(8, 24))
    assert places['ID2/b.png'].tolist() == list(range(32, 48))


def test_corrections_of_other_images_are_one_line(tmp_path):
    source = write(tmp_path / 'old', ['ID1/a'], left=8)
    other = write(tmp_path / 'new', ['ID9/z'], left=8)
    with pytest.raises(HandboneError, match="none of its images, such as 'ID9/z', is among the 1"):
        convert(source, tmp_path / 'out', 'hand-bone', corrected=other)


def test_images_without_labels_are_no_corrections(tmp_path):
    source = write(tmp_path / 'old', ['ID1/a'], left=8)
    with pytest.raises(DatasetError, match='DCM: it has images but no labels'):
        convert(source, tmp_path / 'out', 'hand-bone', corrected=source / 'DCM')
    assert not (tmp_path / 'out').exists()


def test_corrections_at_another_size_are_one_line(tmp_path):
    source = write(tmp_path / 'old', ['ID1/a'], left=8)
    new = write(tmp_path / 'new', ['ID1/a'], left=8)
    cv2.imwrite(str(new / 'DCM' / 'ID1' / 'a.png'), np.zeros((128, 128), np.uint8))
    label = new / 'outputs_json' / 'ID1' / 'a.json'
    label.write_bytes(
        annotation_json([('Ulna', np.array([[0, 0], [9, 0], [9, 9]]))], 'a', 'a.png', 128, 128, [])
    )
    with pytest.raises(HandboneError, match='has width 128 and height 128 there, but width 64'):
        convert(source, tmp_path / 'out', 'hand-bone', corrected=new)


def corrections(folder, *names):
    """Corrections of images of these names without files, and the images."""
    images = [made_image(drawn_masks(seed), name) for seed, name in enumerate(names, 1)]
    write_all(writer_class('coco')(folder, CLASSES), images)
    return Corrections(folder, CLASSES), images


def test_images_that_differ_in_their_suffix_keep_their_own_labels(tmp_path):
    found, images = corrections(tmp_path, 'a.png', 'a.jpg', 'b.png')
    assert found.match(['a.png', 'a.jpg', 'b.jpg', 'b.png']) == 3
    for image in images:
        np.testing.assert_array_equal(found.of(image).draw(3), image.draw(3))
    assert found.of(made_image(drawn_masks(1), 'b.jpg')) is None


def test_labels_under_another_suffix_belong_to_the_only_image_of_that_name(tmp_path):
    found, (image,) = corrections(tmp_path, 'ID1/a.png')
    assert found.match(['ID1/a.jpg', 'ID2/a.jpg']) == 1
    corrected = found.of(made_image(drawn_masks(2), 'ID1/a.jpg'))
    np.testing.assert_array_equal(corrected.draw(3), image.draw(3))


@pytest.mark.parametrize(
    ('names', 'data', 'words'),
    [
        (['a.bmp', 'a.gif'], ['a.png'], "2 entries may be those of image 'a.png': 'a.bmp'"),
        (['a.bmp'], ['a.png', 'a.jpg'], "'a.bmp' may be any of 2 images of the data"),
    ],
)
def test_labels_that_may_be_those_of_two_images_are_one_line(tmp_path, names, data, words):
    found, _ = corrections(tmp_path, *names)
    found.match(data)
    with pytest.raises(DatasetError, match=words):
        found.of(made_image(drawn_masks(1), data[0]))


def test_losses_and_problems_of_the_data_count_once(tmp_path):
    """Annotations with a member that has no place, and one of an image that is not there."""
    names = enumerate(['a.png', 'b.png'], 1)
    square = dict(category_id=1, segmentation=[[2, 2, 9, 2, 9, 9, 2, 9]], iscrowd=0, color='red')
    document = dict(
        images=[dict(id=key, file_name=name, height=20, width=28) for key, name in names],
        categories=[dict(id=key, name=name) for key, name in enumerate(CLASSES, 1)],
        annotations=[square | dict(id=key, image_id=key) for key in (1, 2, 9)],
    )
    (tmp_path / 'old').mkdir()
    (tmp_path / 'old/coco.json').write_text(json.dumps(document))
    corrections(tmp_path / 'new', 'b.png')
    done = convert(tmp_path / 'old', tmp_path / 'out', 'coco', corrected=tmp_path / 'new')
    assert done.images == 2 and 'other members of annotations: 2' in done.losses
    (problem,) = done.problems
    assert 'there is no image with id 9' in str(problem)


def test_a_bad_correction_leaves_out_its_image_alone(tmp_path):
    source = write(tmp_path / 'old', ['ID1/a', 'ID2/b'], left=8)
    new = write(tmp_path / 'new', ['ID1/a', 'ID2/b'], left=32)
    (new / 'outputs_json/ID1/a.json').write_text('{')
    done = convert(source, tmp_path / 'out', 'hand-bone', corrected=new)
    assert done.images == len(done.problems) == 1
    assert str(done.problems[0]).startswith(str(new))
    (image,) = reader_class('hand-bone')(tmp_path / 'out')
    assert image.name == 'ID2/b.png'


@pytest.mark.parametrize('which', ['old', 'new'])
def test_an_entry_without_a_name_is_reported(tmp_path, which):
    """The damaged file of LabelMe, which alone says whose labels it holds."""
    folders = {}
    for name, left in (('old', 8), ('new', 32)):
        made = write(tmp_path / f'made_{name}', ['ID1/a', 'ID2/b'], left)
        folders[name] = tmp_path / name
        convert(made, folders[name], 'labelme', image_files='none')
    (folders[which] / 'ID2/b.json').write_text('{')
    choice, new = ClassChoice(['Ulna']), folders['new']
    done = convert(folders['old'], tmp_path / 'out', 'coco', corrected=new, choice=choice)
    (problem,) = done.problems
    assert str(problem).startswith(str(folders[which] / 'ID2/b.json'))
    assert done.images == (1 if which == 'old' else 2)
