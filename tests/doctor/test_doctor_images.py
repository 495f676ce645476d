"""Duplicates and faults of image files, on small made images."""

from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_records import annotated, survey_of

from handbone.doctor.checks.contrasts import check_contrasts
from handbone.doctor.checks.duplicates import MOST_PAIRS, _alike, check_duplicates
from handbone.doctor.checks.files import check_files
from handbone.doctor.examined import examine
from handbone.doctor.image_record import Pixels
from handbone.doctor.measuring import measure_image

CLASSES = ('disc', 'bar')
SIZE = 128


def picture(seed, side=SIZE):
    """Bright shapes on a dark ground, different for every seed."""
    rng = np.random.default_rng(seed)
    image = np.full((side, side), 20, np.uint8)
    for _ in range(14):
        x, y, radius = rng.uniform(0.1, 0.9, 3) * (side, side, side / 9)
        value = int(rng.integers(60, 180))
        cv2.circle(image, (int(x), int(y)), int(radius) + 2, value, cv2.FILLED)
    cv2.circle(image, (side // 2, side // 2), side // 5, 200, cv2.FILLED)
    return cv2.GaussianBlur(image, (0, 0), 1)


def disc(side=SIZE):
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    return side / 2 + side / 5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)


BLANK = measure_image('train', annotated('0.png', [('disc', disc())], SIZE, None, CLASSES), CLASSES)


def records_of(folder, images, split='train'):
    found = []
    for name, image in images.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(path), image)
        side = image.shape[0]
        polygons = [('disc', disc(side))]
        each = annotated(name, polygons, side, path, CLASSES)
        found.append(measure_image(split, each, CLASSES))
    return found


def examined(records):
    return examine(survey_of(records, CLASSES))


@pytest.fixture
def images():
    return {f'P{seed}/{seed}.png': picture(seed) for seed in range(12)}


def pairs(findings):
    return {(each.image, each.other) for each in findings}


def test_different_images_are_no_duplicates(tmp_path, images):
    assert list(check_duplicates(examined(records_of(tmp_path, images)))) == []


@pytest.mark.parametrize(
    ('change', 'words'),
    [
        (lambda image: image, 'its pixels are those of'),
        (lambda image: np.clip(image * 0.8 + 20, 0, 255).astype(np.uint8), 'nearly'),
        (lambda image: image[:, ::-1], 'mirrored'),
        (lambda image: cv2.resize(image, (90, 90), interpolation=cv2.INTER_AREA), 'another size'),
        (lambda image: cv2.resize(image[:, ::-1], (200, 200)), 'mirrored and at another size'),
        (lambda image: cv2.imdecode(cv2.imencode('.jpg', image)[1], 0), 'nearly'),
    ],
)
def test_duplicates(tmp_path, images, change, words):
    copies = {'Q/copy.png': change(images['P3/3.png'])}
    (finding,) = check_duplicates(examined(records_of(tmp_path, images | copies)))
    assert (finding.image, finding.other) == ('Q/copy.png', 'train/P3/3.png')
    assert words in finding.reason and finding.confidence > 0.8


def test_a_noisy_copy_of_an_image_with_few_grey_values_is_found(tmp_path):
    """The noise averages out in small pictures, and so it must not be lost by rounding these."""
    faint = {f'{n}.png': np.uint8(np.rint(235 + picture(n, 1024) / 24)) for n in range(3)}
    noise = np.random.default_rng(0).normal(0, 3, (1024, 1024))
    faint['copy.png'] = np.clip(np.rint(0.9 * faint['1.png'] + noise), 0, 255).astype(np.uint8)
    (finding,) = check_duplicates(examined(records_of(tmp_path, faint)))
    assert (finding.image, finding.other) == ('copy.png', 'train/1.png')


def test_duplicates_across_splits_say_so(tmp_path, images):
    records = records_of(tmp_path / 'a', images)
    records += records_of(tmp_path / 'b', {'Q/copy.png': images['P5/5.png']}, 'test')
    (finding,) = check_duplicates(examined(records))
    assert (finding.split, finding.other) == ('test', 'train/P5/5.png')
    assert finding.reason.endswith('of train')


def test_the_same_mark_in_weak_images_makes_no_duplicates(tmp_path, images):
    """A burnt-in letter is many times stronger than what it is laid over."""
    marked = {name: (image * 0.3).astype(np.uint8) + 20 for name, image in images.items()}
    for image in marked.values():
        image[6:16, 100:110] = 255
    assert list(check_duplicates(examined(records_of(tmp_path, marked)))) == []


def test_many_empty_images_are_no_near_duplicates(tmp_path):
    empty = {f'{n}.png': np.full((64, 64), n, np.uint8) for n in range(3, 7)}
    assert list(check_duplicates(examined(records_of(tmp_path, empty)))) == []


def test_frames_of_one_view_are_compared_with_few_of_each_other():
    """The pairs that are kept are the best ones, and a bounded number of them."""
    rng = np.random.default_rng(0)
    view = cv2.GaussianBlur(rng.normal(120, 60, (32, 32)), (0, 0), 0.8)
    frames = np.clip(view + rng.normal(0, 6, (320, 32, 32)), 0, 255).astype(np.uint8)
    frames[300] = np.clip(frames[17].astype(int) + rng.integers(-1, 2, (32, 32)), 0, 255)
    frames[310] = np.clip(frames[5, :, ::-1].astype(int) + rng.integers(-1, 2, (32, 32)), 0, 255)
    pixels = [Pixels(bytes(16), frame, 8, 0.0, 255.0, 0.0, 100.0) for frame in frames]
    pairs = _alike([replace(BLANK, pixels=each) for each in pixels])
    assert len(pairs) > 300 and max(map(len, pairs.values())) == MOST_PAIRS
    assert pairs[300][0][1:] == (17, False) and pairs[310][0][1:] == (5, True)
    assert all(found == sorted(found, reverse=True) for found in pairs.values())


def checks_of(records):
    data = examined(records)
    return {(each.image, each.check) for each in [*check_files(data), *check_contrasts(data)]}


def test_sound_files(tmp_path, images):
    assert checks_of(records_of(tmp_path, images)) == set()


@pytest.mark.parametrize(
    ('change', 'check'),
    [
        (lambda image: 255 - image, 'inverted'),
        (lambda image: image // 50, 'empty-image'),
        (lambda image: 200 + image // 8, 'little-contrast'),
        (lambda image: np.where(image > 30, 255, image), 'saturated'),
        (lambda image: np.roll(image, SIZE // 2, axis=1), 'labels-elsewhere'),
        (lambda image: image.astype(np.uint16) * 200, 'bit-depth'),
        (lambda image: cv2.resize(image, (96, 96)), 'image-size'),
    ],
)
def test_faulty_files(tmp_path, images, change, check):
    images['P2/2.png'] = change(images['P2/2.png'])
    found = checks_of(records_of(tmp_path, images))
    assert ('P2/2.png', check) in found
    assert {image for image, _ in found} == {'P2/2.png'}


def test_an_image_that_cannot_be_decoded(tmp_path, images):
    records_of(tmp_path, images)
    path = tmp_path / 'P2/2.png'
    content = bytearray(path.read_bytes())
    content[60:200] = bytes(140)
    path.write_bytes(content)
    each = annotated('P2/2.png', [('disc', disc())], SIZE, path, CLASSES)
    record = measure_image('train', each, CLASSES)
    assert record.pixels is None and '2.png' in record.problem
    (finding,) = check_files(examined([record]))
    assert finding.check == 'unreadable' and finding.confidence == 1


def test_exif_orientation(tmp_path, images):
    from PIL import Image

    records = records_of(tmp_path, images)
    path = tmp_path / 'turned.jpg'
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(picture(40)).save(path, exif=exif)
    each = annotated('turned.jpg', [('disc', disc())], SIZE, path, CLASSES)
    found = checks_of([*records, measure_image('train', each, CLASSES)])
    assert found == {('turned.jpg', 'turned-by-exif')}


def test_a_patient_in_two_splits(tmp_path, images):
    records = records_of(tmp_path / 'a', images)
    records += records_of(tmp_path / 'b', {'P3/other.png': picture(77)}, 'test')
    assert checks_of(records) == {
        ('P3/3.png', 'patient-in-several-splits'),
        ('P3/other.png', 'patient-in-several-splits'),
    }


def test_patients_are_folders():
    for name, patient in (('ID1/a.png', 'ID1'), ('a.png', 'a')):
        image = annotated(name, [('disc', disc())], SIZE, None, CLASSES)
        assert measure_image('train', image, CLASSES).patient == patient
