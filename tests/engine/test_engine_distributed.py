"""Two processes with gloo and an odd number of images against one process."""

import os

import pytest
import torch
from shift_run import CLASSES, MaskDataset, fill_disk, make_runner

COUNT = 7
SCORES = ('dice_per_class.csv', 'dice_per_image.csv')


def run_test(rank, world_size, folder, out_file):
    """Test in one process of a group; on an error, leave its text instead of a result."""
    if world_size > 1:
        torch.distributed.init_process_group(
            'gloo',
            init_method=f'file://{folder}/rendezvous',
            rank=rank,
            world_size=world_size,
        )
    work_dir = folder / f'work{world_size}'
    try:
        runner = make_runner(
            work_dir,
            MaskDataset(folder / 'images', COUNT),
            evaluator=dict(type='mmseg.DiceMetric', output_dir=str(work_dir)),
            hooks=[dict(type='mmseg.RLESubmissionHook', out_file=str(out_file))],
        )
        metrics = runner.test()
        (folder / f'metrics{world_size}_{rank}').write_text(str(metrics))
    except OSError as error:
        (folder / f'error{rank}').write_text(str(error))
    if world_size > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()


def spawn(folder, out_file):
    os.environ['PYTHONWARNINGS'] = 'ignore'
    torch.multiprocessing.spawn(run_test, (2, folder, out_file), nprocs=2)


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('distributed')
    run_test(0, 1, folder, folder / 'work1' / 'submission.csv')
    spawn(folder, folder / 'work2' / 'submission.csv')
    return folder


def test_submission_is_the_same_byte_for_byte(folder):
    expected = (folder / 'work1' / 'submission.csv').read_bytes()
    assert expected.count(b'\n') == 1 + COUNT * len(CLASSES)
    assert (folder / 'work2' / 'submission.csv').read_bytes() == expected
    files = {path.name for path in (folder / 'work2').glob('*.csv*')}
    assert files == {*SCORES, 'submission.csv'}
    assert not list((folder / 'work2').glob('.*'))


def test_scores_are_the_same_on_every_process(folder):
    expected = (folder / 'metrics1_0').read_text()
    assert 'mDice' in expected
    for rank in range(2):
        assert (folder / f'metrics2_{rank}').read_text() == expected


def test_score_files_are_the_same(folder):
    for name in SCORES:
        one, two = ((folder / f'work{size}' / name).read_text() for size in (1, 2))
        assert one == two


def test_every_process_says_that_the_disk_is_full(tmp_path, small_disk):
    """The rows of each process fit in 4 kB, the whole file does not in what is left."""
    out_file = small_disk / 'submission.csv'
    out_file.write_text('the old one')
    filler = fill_disk(small_disk, 8192)
    spawn(tmp_path, out_file)
    for rank in range(2):
        assert 'No space left on device' in (tmp_path / f'error{rank}').read_text()
    assert out_file.read_text() == 'the old one'
    assert sorted(small_disk.iterdir()) == [filler, out_file]
