"""Pictures while validating and testing, and the contact sheet."""

import tracemalloc

import cv2
import numpy as np
import pytest
from shift_run import SIZE, draw_masks, predict_masks

from handbone.engine.hooks.worst_cases import Case, WorstCases
from handbone.errors import HandboneError
from handbone.radiographs.image_reading import read_image

HOOK = 'mmseg.MultilabelVisualizationHook'


def visualizer_of(tmp_path, **settings):
    return dict(
        type='mmseg.MultilabelLocalVisualizer',
        vis_backends=[dict(type='LocalVisBackend')],
        save_dir=str(tmp_path / 'pictures'),
        panel_size=128,
        name=str(tmp_path),
        **settings,
    )


def mean_dice(image):
    """Mean Dice of an image by the definition."""
    truth, prediction = draw_masks(image), predict_masks(image)
    both = (truth & prediction).sum(axis=(1, 2))
    total = truth.sum(axis=(1, 2)) + prediction.sum(axis=(1, 2))
    return np.mean((2 * both + 1e-4) / (total + 1e-4))


def test_out_dir_gets_every_image_and_the_contact_sheet(mask_runner, tmp_path):
    hook = dict(type=HOOK, draw=True, out_dir=str(tmp_path / 'shown'), worst=4)
    mask_runner(count=5, hooks=[hook], visualizer=visualizer_of(tmp_path)).test()
    names = sorted(path.name for path in (tmp_path / 'shown').iterdir())
    assert names == [*(f'hand{i}.jpg' for i in range(5)), 'worst.jpg']
    picture = cv2.imread(str(tmp_path / 'shown' / 'hand0.jpg'))
    assert picture.shape[0] > 128 * SIZE[0] / SIZE[1]
    assert picture.shape[1] > 2 * 128
    backend = tmp_path / 'pictures' / 'vis_data' / 'vis_image'
    assert [path.name for path in backend.iterdir()] == ['test_worst_0.png']


def test_images_of_one_name_go_to_folders(mask_runner, tmp_path):
    hook = dict(type=HOOK, draw=True, out_dir=str(tmp_path / 'shown'), worst=0)
    runner = mask_runner(count=2, hooks=[hook], visualizer=visualizer_of(tmp_path), same_names=True)
    runner.test()
    assert (tmp_path / 'shown' / 'ID000' / 'hand.png.jpg').exists()
    assert (tmp_path / 'shown' / 'ID001' / 'hand.png.jpg').exists()


def test_backends_get_the_pictures_without_out_dir(mask_runner, tmp_path):
    hook = dict(type=HOOK, draw=True, worst=2)
    runner = mask_runner(count=3, hooks=[hook], visualizer=visualizer_of(tmp_path))
    added = []
    runner.visualizer.add_image = lambda name, image, step=0: added.append((name, step, image))
    runner.test()
    assert [entry[:2] for entry in added] == [
        ('test_hand0', 1),
        ('test_hand1', 2),
        ('test_hand2', 3),
        ('test_worst', 0),
    ]
    assert all(image.dtype == np.uint8 and image.shape[2] == 3 for *_, image in added)


def test_contact_sheet_shows_the_worst_first(mask_runner, tmp_path):
    runner = mask_runner(
        count=7, hooks=[dict(type=HOOK, worst=3)], visualizer=visualizer_of(tmp_path)
    )
    sheets = []
    runner.visualizer.draw_contact_sheet = lambda *args: (
        sheets.append(args) or np.zeros((2, 2, 3), np.uint8)
    )
    runner.test()
    pictures, captions, heading = sheets[0]
    expected = sorted(range(7), key=mean_dice)[:3]
    assert [name for name, _ in captions] == [f'ID{i:03}/hand{i}.png' for i in expected]
    assert captions[0][1].startswith(f'Dice {mean_dice(expected[0]):.3f}, lowest ')
    assert len(pictures) == 3
    assert heading == 'The 3 images with the lowest mean Dice of 7'


def test_no_truth_no_contact_sheet(mask_runner, tmp_path):
    hook = dict(type=HOOK, out_dir=str(tmp_path / 'shown'), draw=True)
    mask_runner(
        count=2,
        hooks=[hook],
        visualizer=visualizer_of(tmp_path),
        with_truth=False,
        evaluator=dict(type='mmseg.DiceMetric', format_only=True),
    ).test()
    assert sorted(path.name for path in (tmp_path / 'shown').iterdir()) == [
        'hand0.jpg',
        'hand1.jpg',
    ]


def test_validation_draws_every_interval(mask_runner, tmp_path):
    runner = mask_runner(
        count=7,
        batch_size=1,
        hooks=[dict(type=HOOK, draw=True, interval=3, worst=1)],
        visualizer=visualizer_of(tmp_path),
        validate=True,
    )
    added = []
    runner.visualizer.add_image = lambda name, image, step=0: added.append((name, step))
    runner.val()
    assert added == [('val_hand0', 0), ('val_hand3', 3), ('val_hand6', 6), ('val_worst', 0)]


def test_another_visualizer_is_refused(mask_runner):
    with pytest.raises(HandboneError, match='MultilabelLocalVisualizer'):
        mask_runner(hooks=[dict(type=HOOK)]).test()


def test_worst_cases_keep_few_and_each_once():
    cases = WorstCases(2, size=10)
    packed = np.arange(40 * 30, dtype=np.int32).reshape(40, 30)
    for score, path in [(0.9, 'a'), (0.5, 'b'), (0.7, 'c'), (0.5, 'b'), (0.8, 'd')]:
        cases.add(Case(score, path, '', packed, packed))
    gathered = cases.gather()
    assert [case[:2] for case in gathered] == [(0.5, 'b'), (0.7, 'c')]
    np.testing.assert_array_equal(gathered[0].reference, packed[2::4, 2::4])
    assert WorstCases(0, size=10).add(gathered[0]) is None


def test_memory_does_not_grow_with_the_images():
    cases = WorstCases(3, size=100)
    tracemalloc.start()
    for index in range(30):
        packed = np.full((400, 400), index, np.int32)
        cases.add(Case(1 - index / 100, str(index), '', packed, packed))
        del packed
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 3 * 2 * 100 * 100 * 4 + 20_000


@pytest.mark.parametrize('dtype', [np.uint8, np.uint16])
@pytest.mark.parametrize('shape', [(6, 5), (6, 5, 3)])
def test_images_are_read_as_stored(tmp_path, dtype, shape):
    image = np.random.default_rng(0).integers(0, np.iinfo(dtype).max, shape, dtype=dtype)
    cv2.imwrite(str(tmp_path / 'a.png'), image[..., ::-1] if len(shape) == 3 else image)
    read = read_image(str(tmp_path / 'a.png'))
    assert read.dtype == dtype
    np.testing.assert_array_equal(read, image)


def test_a_file_that_is_no_image(tmp_path):
    (tmp_path / 'a.png').write_bytes(b'not an image')
    with pytest.raises(ValueError, match=r'a\.png: the file is not an image'):
        read_image(str(tmp_path / 'a.png'))
