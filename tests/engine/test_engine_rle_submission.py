"""The submission CSV: content, order, duplicates, bad input and a full disk."""

import csv
import multiprocessing
import os
import resource
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.structures import PixelData
from shift_run import CLASSES, SIZE, predict_masks
from small_disk import fill_disk

from handbone.submissions import read_submission

HOOK = 'mmseg.RLESubmissionHook'


def decode_naively(rle, order):
    """Decode by the definition, one pixel at a time."""
    flat = np.zeros(SIZE[0] * SIZE[1], bool)
    numbers = [int(word) for word in rle.split()]
    for start, length in zip(numbers[::2], numbers[1::2], strict=True):
        for pixel in range(start, start + length):
            flat[pixel - 1] = True
    return flat.reshape(SIZE, order=order)


def check_submission(path, count, order='C'):
    with Path(path).open(newline='') as file:
        rows = list(csv.DictReader(file))
    expected = [(f'hand{i}.png', name) for i in range(count) for name in CLASSES]
    assert [(row['image_name'], row['class']) for row in rows] == expected
    for position, row in enumerate(rows):
        image, class_index = divmod(position, len(CLASSES))
        mask = decode_naively(row['rle'], order)
        np.testing.assert_array_equal(mask, predict_masks(image)[class_index])


@pytest.mark.parametrize('order', ['C', 'F'])
def test_every_row_once_and_right(mask_runner, tmp_path, order):
    out_file = tmp_path / 'new' / 'submission.csv'
    hook = dict(type=HOOK, out_file=str(out_file), order=order)
    mask_runner(count=5, hooks=[hook]).test()
    check_submission(out_file, 5, order)
    assert list(out_file.parent.iterdir()) == [out_file]
    assert b'\r' not in out_file.read_bytes()
    assert 'hand2.png,bar,\n' in out_file.read_text()


def test_dataset_order_whatever_the_sampler(mask_runner, tmp_path):
    mask_runner(count=7, hooks=[dict(type=HOOK)], shuffle=True).test()
    check_submission(tmp_path / 'work' / 'submission.csv', 7)


def test_reader_gives_the_predictions_back(mask_runner, tmp_path):
    mask_runner(
        count=3,
        hooks=[dict(type=HOOK)],
        with_truth=False,
        evaluator=dict(type='mmseg.DiceMetric', format_only=True),
    ).test()
    masks = read_submission(tmp_path / 'work' / 'submission.csv', CLASSES, SIZE[0] * SIZE[1])
    assert list(masks) == ['hand0.png', 'hand1.png', 'hand2.png']
    for image, runs in enumerate(masks.values()):
        for class_runs, mask in zip(runs, predict_masks(image), strict=True):
            flat = np.zeros(mask.size, bool)
            for start, length in class_runs:
                flat[start : start + length] = True
            np.testing.assert_array_equal(flat, mask.ravel())


def test_two_images_of_one_name_are_refused_before_the_test(mask_runner):
    runner = mask_runner(count=2, hooks=[dict(type=HOOK)], same_names=True)
    runner.model.forward = pytest.fail
    with pytest.raises(ValueError, match=r"'hand.png'.*ID000/hand.png and .*ID001/hand.png"):
        runner.test()


def test_names_from_the_path_tell_them_apart(mask_runner, tmp_path):
    mask_runner(count=2, hooks=[dict(type=HOOK, image_name='path')], same_names=True).test()
    masks = read_submission(tmp_path / 'work' / 'submission.csv')
    assert list(masks) == ['ID000/hand.png', 'ID001/hand.png']


@pytest.mark.parametrize(
    ('settings', 'message'),
    [(dict(order='A'), 'order'), (dict(image_name='full'), 'basename, stem, path')],
)
def test_bad_settings(mask_runner, settings, message):
    with pytest.raises(ValueError, match=message):
        mask_runner(hooks=[dict(type=HOOK, **settings)]).test()


def test_image_that_was_not_predicted(mask_runner, tmp_path):
    runner = mask_runner(count=5, hooks=[dict(type=HOOK)])
    runner.test_dataloader.batch_sampler.drop_last = True
    with pytest.raises(RuntimeError, match=r'1 of 5 images were not predicted.*hand4.png'):
        runner.test()
    assert not (tmp_path / 'work' / 'submission.csv').exists()


def test_prediction_of_another_size(mask_runner):
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)])
    hook = next(hook for hook in runner.hooks if type(hook).__name__ == 'RLESubmissionHook')
    hook.before_test(runner)
    sample = runner.test_dataloader.dataset[0]['data_samples']
    sample.pred_sem_seg = PixelData(data=torch.zeros(1, 20, 28, dtype=torch.int32))
    with pytest.raises(ValueError, match='hand0.png is 40 x 56, its prediction 20 x 28'):
        hook.after_test_iter(runner, 0, outputs=[sample])
    sample.pred_sem_seg = PixelData(data=torch.zeros(1, *SIZE))
    with pytest.raises(ValueError, match='hand0.png: .*packed'):
        hook.after_test_iter(runner, 0, outputs=[sample])


def test_target_that_is_a_folder(mask_runner, tmp_path):
    with pytest.raises(IsADirectoryError, match='name a CSV file'):
        mask_runner(hooks=[dict(type=HOOK, out_file=str(tmp_path))]).test()


@pytest.mark.parametrize('room', [8192, 24576], ids=['while testing', 'while merging'])
def test_disk_full(mask_runner, small_disk, room):
    """About 16 kB of rows fit neither in 8 kB nor, twice, in 24 kB."""
    out_file = small_disk / 'submission.csv'
    out_file.write_text('the old one')
    filler = fill_disk(small_disk, room)
    runner = mask_runner(count=40, hooks=[dict(type=HOOK, out_file=str(out_file))])
    with pytest.raises(OSError, match='Cannot write the submission: No space left') as caught:
        runner.test()
    assert str(out_file) in str(caught.value)
    assert 'out_file' in str(caught.value)
    assert out_file.read_text() == 'the old one'
    assert sorted(small_disk.iterdir()) == [filler, out_file]


def test_file_size_limit(mask_runner, tmp_path):
    runner = mask_runner(count=40, hooks=[dict(type=HOOK)])
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, limits[1]))
    try:
        with pytest.raises(OSError, match='Cannot write the submission: File too large'):
            runner.test()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert not list((tmp_path / 'work').glob('*submission*'))


def test_killed_while_writing(mask_runner, tmp_path, monkeypatch):
    out_file = tmp_path / 'out' / 'submission.csv'
    out_file.parent.mkdir()
    out_file.write_text('the old one')
    runner = mask_runner(count=5, hooks=[dict(type=HOOK, out_file=str(out_file))])
    context = multiprocessing.get_context('fork')
    written = context.Event()

    def slow_disk(descriptor):
        if 'submission' in str(Path(f'/proc/self/fd/{descriptor}').readlink()):
            written.set()
            time.sleep(60)

    monkeypatch.setattr(os, 'fsync', slow_disk)
    process = context.Process(target=runner.test)
    process.start()
    assert written.wait(timeout=60)
    process.kill()
    process.join()
    assert out_file.read_text() == 'the old one'
    assert len(list(out_file.parent.iterdir())) == 2
