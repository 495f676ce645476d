"""Labels without an image, and images without labels."""

import json

import cv2
import numpy as np
import pytest

from handbone.apis import doctor

SIZE = 48


def write_part(folder, split, numbers, images=None, left_out=()):
    """COCO annotations of some images, and pictures, of which some may be left out."""
    rng = np.random.default_rng(0)
    target = folder / (images or split)
    target.mkdir(parents=True, exist_ok=True)
    annotations = []
    for number in numbers:
        x, y = rng.integers(5, 20, 2).tolist()
        outline = [x, y, x + 20, y, x + 20, y + 20, x, y + 20]
        annotations.append(
            dict(id=number, image_id=number, category_id=1, segmentation=[outline], iscrowd=0)
        )
        if number not in left_out:
            picture = rng.integers(0, 256, (SIZE, SIZE), np.uint8)
            cv2.imwrite(str(target / f'{number}.png'), picture)
    listed = [dict(id=n, file_name=f'{n}.png', width=SIZE, height=SIZE) for n in numbers]
    document = dict(images=listed, annotations=annotations, categories=[dict(id=1, name='bottle')])
    (folder / f'{split}.json').write_text(json.dumps(document))
    return folder / f'{split}.json'


def pairing(report):
    found = {(each.check, each.image) for each in report.findings}
    return {each for each in found if each[0] in ('missing-image', 'missing-annotation')}


def test_an_image_that_is_gone_is_found_and_not_listed(tmp_path):
    source = write_part(tmp_path, 'train', range(8), 'images', left_out=(3,))
    kept = tmp_path / 'kept.txt'
    report = doctor([source], tmp_path / 'out', list_file=kept)
    assert pairing(report) == {('missing-image', '3.png')}
    assert kept.read_text().split() == [f'{number}.png' for number in range(8) if number != 3]


def test_an_image_that_no_labels_name(tmp_path):
    source = write_part(tmp_path, 'train', range(8), 'images')
    cv2.imwrite(str(tmp_path / 'images/new.png'), np.full((SIZE, SIZE), 7, np.uint8))
    report = doctor([source], tmp_path / 'out')
    assert pairing(report) == {('missing-annotation', 'new.png')}
    (row,) = [
        line
        for line in (tmp_path / 'out/index.html').read_text().splitlines()
        for line in line.split('<tr ')
        if 'missing-annotation' in line and 'new.png' in line
    ]
    assert 'type="checkbox"' not in row  # no list of rejected images may name it


def test_an_image_whose_labels_are_rejected_has_labels(tmp_path):
    source = write_part(tmp_path, 'train', range(8), 'images')
    document = json.loads(source.read_text())
    document['images'][2]['width'] = 7
    source.write_text(json.dumps(document))
    report = doctor([source], tmp_path / 'out')
    assert pairing(report) == set()
    assert 'rejected' in {each.check for each in report.findings}


def test_parts_that_share_a_folder_of_images(tmp_path):
    train = write_part(tmp_path, 'train', range(8), 'images')
    val = write_part(tmp_path, 'val', range(8, 12), 'images')
    both = doctor([train, val], tmp_path / 'out')
    assert pairing(both) == set() and not any('no labels' in note for note in both.notes)
    one = doctor([train], tmp_path / 'out')
    assert pairing(one) == set()
    (note,) = [note for note in one.notes if 'no labels' in note]
    assert '4 of 12 images' in note


@pytest.mark.parametrize('empty', ['images', 'elsewhere'])
def test_labels_whose_images_are_all_elsewhere(tmp_path, empty):
    """The labels are examined, and listed, and it is said that nothing else was."""
    source = write_part(tmp_path, 'train', range(8), empty, left_out=range(8))
    kept = tmp_path / 'kept.txt'
    report = doctor([source], tmp_path / 'out', list_file=kept)
    assert pairing(report) == set() and len(kept.read_text().split()) == 8
    assert any('no image of train.json was found' in note for note in report.notes)
