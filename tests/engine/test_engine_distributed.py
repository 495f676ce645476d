"""Two processes with gloo and an odd number of images against one process."""

import pytest
import torch
from shift_run import CLASSES, MaskDataset, make_runner
from small_disk import fill_disk, mount_small_disk

pytestmark = pytest.mark.slow

COUNT = 7
SCORES = ('dice_per_class.csv', 'dice_per_image.csv')


def run_test(folder, work_dir, out_file):
    """Test in this process, one of a group or alone."""
    runner = make_runner(
        work_dir,
        MaskDataset(folder / 'images', COUNT),
        evaluator=[
            dict(type='mmseg.DiceMetric', output_dir=str(work_dir)),
            dict(type='mmseg.SurfaceMetric'),
        ],
        hooks=[
            dict(type='mmseg.RLESubmissionHook', out_file=str(out_file)),
            dict(
                type='mmseg.MultilabelVisualizationHook',
                draw=True,
                out_dir=str(work_dir / 'shown'),
                worst=4,
            ),
        ],
        visualizer=dict(type='mmseg.MultilabelLocalVisualizer', panel_size=96, name=work_dir.name),
    )
    return runner.test()


def run_process(rank, folder, disk):
    """Test twice in a group of two, the second time with a full disk if there is one."""
    torch.set_num_threads(1)  # the threads of the process that was forked are not here
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    metrics = run_test(folder, folder / 'work2', folder / 'work2' / 'submission.csv')
    (folder / f'metrics2_{rank}').write_text(str(metrics))
    if disk is not None:
        try:
            run_test(folder, folder / 'work_full', disk / 'submission.csv')
        except OSError as error:
            (folder / f'error{rank}').write_text(str(error))
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


@pytest.fixture(scope='module')
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp('distributed')
    metrics = run_test(folder, folder / 'work1', folder / 'work1' / 'submission.csv')
    (folder / 'metrics1_0').write_text(str(metrics))
    with mount_small_disk(folder / 'disk') as disk:
        if disk is not None:
            (disk / 'submission.csv').write_text('the old one')
            # The rows of each process fit in 4 kB, the whole file does not in what is left.
            fill_disk(disk, 8192)
        torch.multiprocessing.start_processes(
            run_process, (folder, disk), nprocs=2, start_method='fork'
        )
        yield folder


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
    assert 'mHD95' in expected
    for rank in range(2):
        assert (folder / f'metrics2_{rank}').read_text() == expected


def test_score_files_are_the_same(folder):
    for name in SCORES:
        one, two = ((folder / f'work{size}' / name).read_text() for size in (1, 2))
        assert one == two


def test_pictures_are_the_same_and_none_is_missing(folder):
    one, two = (sorted((folder / f'work{size}' / 'shown').iterdir()) for size in (1, 2))
    names = [path.name for path in one]
    assert names == [*(f'hand{index}.jpg' for index in range(COUNT)), 'worst.jpg']
    assert [path.name for path in two] == names
    for first, second in zip(one, two, strict=True):
        assert first.read_bytes() == second.read_bytes(), first.name


def test_every_process_says_that_the_disk_is_full(folder):
    disk = folder / 'disk'
    if not list(disk.iterdir()):
        pytest.skip('a small file system cannot be mounted here')
    for rank in range(2):
        assert 'No space left on device' in (folder / f'error{rank}').read_text()
    assert (disk / 'submission.csv').read_text() == 'the old one'
    assert sorted(path.name for path in disk.iterdir()) == ['filler', 'submission.csv']
