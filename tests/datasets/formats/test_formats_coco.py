"""COCO JSON against pycocotools."""

import json

import numpy as np
import pytest
from made_images import CLASSES, PALETTE, assert_same, made_images, masks_of, write_all
from small_dataset import write_png

from handbone.datasets import DatasetError
from handbone.datasets.bad_files import BadFiles
from handbone.datasets.formats.class_choice import ClassChoice
from handbone.datasets.formats.coco import CocoReader, CocoWriter
from handbone.masks import unpack

mask_utils = pytest.importorskip('pycocotools.mask')
from pycocotools.coco import COCO  # noqa: E402

SIZE = (24, 32)


def rle(mask):
    made = mask_utils.encode(np.asfortranarray(mask.astype(np.uint8)))
    return dict(size=made['size'], counts=made['counts'].decode())


def uncompressed(mask):
    flat = np.concatenate([[False], mask.ravel(order='F'), [False]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    lengths = np.diff(np.concatenate([[0], edges, [mask.size]]))
    return dict(size=list(mask.shape), counts=[int(each) for each in lengths])


def document():
    """Three images: polygons only, all forms mixed, and nothing."""
    box = np.zeros(SIZE, bool)
    box[3:9, 4:20] = True
    dot = np.zeros(SIZE, bool)
    dot[0, 0] = dot[23, 31] = True
    segmentations = [
        (1, 7, [[2, 3, 12.5, 3, 12.5, 9, 2, 9.25], [20, 10, 30, 10, 25, 20]]),
        (1, 7, [[8, 2, 15, 2, 15, 12]]),
        (1, 3, [[-4, 18, 40, 18, 40, 30]]),
        (2, 3, rle(box)),
        (2, 3, [[0, 0, 10, 0, 10, 10, 0, 10]]),
        (2, 9, uncompressed(dot)),
        (2, 9, rle(box.T.reshape(SIZE))),
    ]
    return dict(
        images=[
            dict(id=number, file_name=f'ID{number}/hand.png', height=SIZE[0], width=SIZE[1])
            for number in (1, 2, 4)
        ],
        categories=[
            dict(id=9, name='long', supercategory=''),
            dict(id=3, name='round'),
            dict(id=7, name='square'),
        ],
        annotations=[
            dict(id=index, image_id=image, category_id=category, segmentation=each, iscrowd=0)
            for index, (image, category, each) in enumerate(segmentations, 1)
        ],
    )


@pytest.fixture
def path(tmp_path):
    path = tmp_path / 'labels.json'
    path.write_text(json.dumps(document()))
    return path


def expected(path):
    """The union of pycocotools' masks by image and class, classes in the order of their ids."""
    coco = COCO(path)
    ids = sorted(coco.getCatIds())
    found = {}
    for image in coco.loadImgs(coco.getImgIds()):
        masks = np.zeros((len(ids), image['height'], image['width']), bool)
        for annotation in coco.loadAnns(coco.getAnnIds(imgIds=[image['id']])):
            masks[ids.index(annotation['category_id'])] |= coco.annToMask(annotation) != 0
        found[image['file_name']] = masks
    return found


def changed(path, change):
    content = document()
    change(content)
    path.write_text(json.dumps(content))


def test_masks_are_those_of_pycocotools(path):
    reader = CocoReader(path)
    assert reader.classes == ('round', 'square', 'long') and len(reader) == 3
    found = masks_of(reader)
    truth = expected(path)
    assert list(found) == list(truth)
    for name, masks in truth.items():
        np.testing.assert_array_equal(found[name], masks)
    assert found['ID2/hand.png'][1].sum() == 0 and found['ID1/hand.png'].sum() > 100


def test_outlines_keep_their_points(path):
    first, second, _ = CocoReader(path)
    assert second.outlines is None
    classes, points = zip(*first.outlines.split(), strict=True)
    assert classes == (1, 1, 1, 0)
    np.testing.assert_array_equal(points[1], np.array([[20, 10], [30, 10], [25, 20]]) - 0.5)


def test_classes_are_chosen_and_renamed(path):
    choice = ClassChoice(['long', 'any'], {'round': 'any', 'square': 'any'})
    found = masks_of(CocoReader(path, choice=choice))
    for name, masks in expected(path).items():
        np.testing.assert_array_equal(found[name], np.stack([masks[2], masks[0] | masks[1]]))
    skipped = masks_of(CocoReader(path, choice=ClassChoice(skip=['square'])))
    np.testing.assert_array_equal(skipped['ID1/hand.png'], expected(path)['ID1/hand.png'][[0, 2]])


@pytest.mark.parametrize(
    ('choice', 'fault'),
    [
        (ClassChoice(['round', 'square']), "'long' is not among the chosen classes"),
        (ClassChoice(['round', 'square', 'long', 'rib']), "there is no class 'rib'"),
        (ClassChoice(rename={'rond': 'a'}), "no class 'rond' to rename"),
        (ClassChoice(skip=['round', 'square', 'long']), 'there is no class in it'),
    ],
)
def test_wrong_choices(path, choice, fault):
    with pytest.raises(DatasetError, match=fault):
        CocoReader(path, choice=choice)


def test_crowds(path):
    changed(path, lambda content: content['annotations'][0].update(iscrowd=1))
    reader = CocoReader(path)
    np.testing.assert_array_equal(masks_of(reader)['ID1/hand.png'], expected(path)['ID1/hand.png'])
    assert reader.losses.lines() == ['crowd marks: 1']
    skipped = masks_of(CocoReader(path, crowd='skip'))
    assert 0 < skipped['ID1/hand.png'][1].sum() < expected(path)['ID1/hand.png'][1].sum()


def test_other_members_are_counted(path):
    changed(path, set_first(area=1, bbox=[1, 2, 3, 4], score=0.5, attributes={}))
    reader = CocoReader(path)
    masks_of(reader)
    assert reader.losses.lines() == ['other members of annotations: 2']


def test_the_size_of_an_image_may_be_that_of_its_runs(path):
    truth = expected(path)
    changed(path, lambda content: content['images'][1].pop('height'))
    np.testing.assert_array_equal(masks_of(CocoReader(path))['ID2/hand.png'], truth['ID2/hand.png'])

    def of_two_sizes(content):
        content['images'][1].pop('height')
        content['annotations'][-1]['segmentation'] = dict(size=[2, 2], counts=[4])

    changed(path, of_two_sizes)
    with pytest.raises(DatasetError, match='the RLE has width 2 and height 2, but the image has'):
        list(CocoReader(path))


def test_round_trip(tmp_path):
    images = made_images()
    write_all(CocoWriter(tmp_path, CLASSES, PALETTE), images)
    assert [file.name for file in tmp_path.iterdir()] == ['coco.json']
    assert_same(CocoReader(tmp_path), images)
    truth = expected(tmp_path / 'coco.json')
    for image in images:
        np.testing.assert_array_equal(truth[image.name], unpack(image.draw(3), 3))


def test_images_are_found_and_compared(path, tmp_path):
    for number in (1, 2, 4):
        write_png(tmp_path / f'elsewhere/ID{number}/hand.png', np.zeros(SIZE, np.uint8))
    images = list(CocoReader(path, tmp_path / 'elsewhere'))
    assert [image.path.is_file() for image in images] == [True] * 3
    write_png(tmp_path / 'elsewhere/ID2/hand.png', np.zeros((9, 9), np.uint8))
    with pytest.raises(DatasetError, match=r'width 32 and height 24 there, but .* width 9'):
        list(CocoReader(path, tmp_path / 'elsewhere'))
    (tmp_path / 'elsewhere/ID1/hand.png').unlink()
    with pytest.raises(DatasetError, match="there is no image 'ID1/hand.png' in"):
        list(CocoReader(path, tmp_path / 'elsewhere'))


def same_name_in_two_forms(content):
    for image, name in zip(content['images'], ('\u00e9.png', 'e\u0301.png'), strict=False):
        image['file_name'] = name


def set_first(**members):
    return lambda content: content['annotations'][0].update(members)


@pytest.mark.parametrize(
    ('change', 'fault'),
    [
        (set_first(image_id=77), 'no image with id 77'),
        (set_first(category_id=77), 'no category 77'),
        (set_first(segmentation=[[1, 2, 3, 4]]), 'polygon 0 has 4 numbers'),
        (set_first(segmentation=[[1, 2, 3, 4, 5, 6, 7]]), 'polygon 0 has 7 numbers'),
        (set_first(segmentation=[[1, 2, 3, None, 5, 6]]), 'a coordinate that is not a number'),
        (set_first(segmentation=[[90, 2, 95, 4, 99, 6]]), 'completely outside the image'),
        (set_first(segmentation=[]), 'neither polygons nor an RLE'),
        (set_first(segmentation=dict(size=[32, 24], counts=[768])), 'the RLE has width 24'),
        (set_first(segmentation=dict(size=[24, 32], counts=[769])), 'add up to 769'),
        (set_first(segmentation=dict(size=[24], counts=[24])), 'has the size'),
        (set_first(segmentation=dict(counts=[24])), "has no 'size'"),
        (set_first(image_id=None), r'annotations\[0\].* is None'),
        (lambda content: content['images'].append(content['images'][0]), 'image id 1 occurs twice'),
        (lambda content: content['images'][1].update(file_name='ID1/hand.png'), 'occurs twice'),
        (same_name_in_two_forms, 'occurs twice'),
        (lambda content: content['categories'][0].update(name='round'), "are named 'round'"),
        (lambda content: content['categories'][0].update(id=3), 'category id 3 occurs twice'),
        (lambda content: content.pop('categories'), 'lacks "categories"'),
        (lambda content: content.pop('annotations'), 'lacks "annotations"'),
        (lambda content: content.update(images=[]), 'there are no images'),
        (lambda content: content.update(images=None), '"images" is None, not a list'),
        (lambda content: content.update(categories=dict(id=1)), '"categories" is .*, not a list'),
        (lambda content: content.update(annotations=None), '"annotations" is None, not a list'),
        (lambda content: content.update(annotations={}), '"annotations" is {}, not a list'),
        (lambda content: content['images'][0].pop('height'), 'height and width .* not known'),
    ],
)
def test_bad_files_name_place_and_remedy(path, change, fault):
    changed(path, change)
    with pytest.raises(DatasetError, match=fault) as caught:
        list(CocoReader(path))
    message = str(caught.value)
    assert message.startswith(str(path)) and '\n' not in message and message.endswith('.')


def test_a_report_goes_on_with_the_rest(path):
    changed(path, set_first(segmentation=[[1, 2]]))
    bad_files = BadFiles('report')
    names = [image.name for image in CocoReader(path, bad_files=bad_files)]
    assert names == ['ID2/hand.png', 'ID4/hand.png'] and len(bad_files.problems) == 1


def test_cut_off_files(path):
    whole = path.read_bytes()
    for length in range(0, len(whole), 101):
        path.write_bytes(whole[:length])
        with pytest.raises(DatasetError, match='labels.json: '):
            list(CocoReader(path))


def test_names_never_lead_out_of_the_folder(path):
    changed(path, lambda content: content['images'][0].update(file_name='../../../etc/hand.png'))
    assert next(iter(CocoReader(path))).name == 'etc/hand.png'
