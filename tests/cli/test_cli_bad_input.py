"""Bad input ends the tools with one line that says what to do, and exit code 1."""

import logging
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from handbone.bones import CLASSES
from handbone.cli.command import main


@pytest.fixture
def fails(capsys, monkeypatch, tmp_path):
    """Run the function behind a tool and return the one line that it writes on its error."""
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    monkeypatch.chdir(tmp_path)
    # loggers of earlier runs in this process write to streams that pytest has closed
    monkeypatch.setattr(logging, 'raiseExceptions', False)

    def run(tool, *arguments):
        with pytest.raises(SystemExit) as stopped:
            main([tool, *map(str, arguments)])
        assert stopped.value.code == 1
        written = capsys.readouterr().err
        assert 'Traceback' not in written
        (line,) = [line for line in written.splitlines() if line.startswith('error: ')]
        assert written.endswith(f'{line}\n')
        return line.removeprefix('error: ')

    return run


def only_images(phantom_root, folder):
    """Test images without any training data."""
    shutil.copytree(phantom_root / 'test' / 'DCM', folder / 'test' / 'DCM')
    return folder


@pytest.mark.slow
def test_tools_end_with_one_line(run_tool, tiny_config, tmp_path):
    missing = tmp_path / 'none.pth'
    for tool, arguments, words in (
        (
            'train.py',
            ('--cfg-options', f'train_dataloader.dataset.data_root={tmp_path}'),
            f'error: {tmp_path / "train/DCM"}: the folder does not exist. Correct data_root',
        ),
        ('test.py', (missing,), f'error: there is no checkpoint {missing}'),
    ):
        work_dir = ('--work-dir', tmp_path / 'work')
        _, errors = run_tool(tool, tiny_config, *arguments, *work_dir, expected=1)
        assert errors.splitlines()[-1].startswith(words)
        assert 'Traceback' not in errors


def test_missing_config(fails, tmp_path):
    for tool, rest in (('train', ()), ('test', ('checkpoint.pth',))):
        assert str(tmp_path / 'none.py') in fails(tool, tmp_path / 'none.py', *rest)


def test_missing_checkpoint(fails, tiny_config):
    assert fails('test', tiny_config, 'none.pth') == 'there is no checkpoint none.pth'
    assert fails('train', tiny_config, '--resume', 'none.pth') == 'there is no checkpoint none.pth'


def test_broken_checkpoint(fails, tiny_config, checkpoint):
    whole = checkpoint.read_bytes()
    for content in (whole[:-1000], whole[:1], b'', b'<!DOCTYPE html>'):
        Path('cut.pth').write_bytes(content)
        assert fails('test', tiny_config, 'cut.pth').startswith('cut.pth is cut off')
    assert fails('train', tiny_config, '--resume', 'cut.pth').startswith('cut.pth is cut off')


def test_checkpoint_of_another_class_count(fails, tiny_config, checkpoint):
    """Neither testing nor resuming goes on with a head that is not loaded."""
    three = ('Radius', 'Ulna', 'Lunate')
    options = ['--cfg-options', 'model.decode_head.num_classes=3']
    for part in ('train', 'val', 'test'):
        dataset = f'{part}_dataloader.dataset'
        options.append(f'{dataset}.metainfo.classes={",".join(three)}')
        options.append(f'{dataset}.skip_labels={",".join(set(CLASSES) - set(three))}')
    for tool, arguments in (
        ('test', [checkpoint, '--format-only']),
        ('train', ['--resume', checkpoint]),
    ):
        message = fails(tool, tiny_config, *arguments, *options)
        assert 'does not fit the config' in message
        assert "29 classes ('finger-1', 'finger-2', 'finger-3', …), the dataset has 3" in message
        assert not list(Path().rglob('submission.csv*'))


def test_checkpoint_of_another_model(fails, tiny_config, checkpoint):
    content = torch.load(checkpoint, weights_only=False)
    names = [name for name in content['state_dict'] if 'to_pixels' in name]
    for name in names:
        del content['state_dict'][name]
    torch.save(content, 'headless.pth')
    message = fails('test', tiny_config, 'headless.pth')
    assert 'decode_head.to_pixels.weight' in message


def test_format_only_without_test_folder(fails, tiny_config, checkpoint, tmp_path):
    message = fails(
        'test',
        tiny_config,
        checkpoint,
        *('--format-only', '--cfg-options', f'test_dataloader.dataset.data_root={tmp_path}'),
    )
    assert message.startswith(f'{tmp_path}/test/DCM: the folder does not exist')


def test_scores_without_truth(fails, tiny_config, checkpoint, phantom_root, tmp_path):
    data = only_images(phantom_root, tmp_path / 'data')
    message = fails(
        'test',
        tiny_config,
        checkpoint,
        *('--cfg-options', f'test_dataloader.dataset.data_root={data}'),
    )
    assert '--format-only' in message


def test_views_that_the_config_does_not_name(fails, tiny_config, checkpoint, tmp_path):
    config = tmp_path / 'plain.py'
    config.write_text(tiny_config.read_text().replace('tta_views', 'other_views'))
    message = fails('test', config, checkpoint, '--tta')
    assert 'names no views' in message and 'tta_views = [dict(' in message


def test_empty_fold(fails, tiny_config):
    message = fails(
        'train',
        tiny_config,
        *('--cfg-options', 'train_dataloader.dataset.num_folds=7'),
    )
    assert '6 patients cannot be divided into 7 folds' in message


def test_no_class(fails, tiny_config):
    message = fails('train', tiny_config, '--cfg-options', 'model.decode_head.num_classes=0')
    assert 'num_classes=0; at least 1 class is needed' in message
    message = fails(
        'train', tiny_config, '--cfg-options', 'train_dataloader.dataset.metainfo.classes=()'
    )
    assert 'the class list is empty' in message


def test_model_and_dataset_of_different_class_counts(fails, tiny_config, checkpoint):
    message = fails('train', tiny_config, '--cfg-options', 'model.decode_head.num_classes=28')
    assert 'decode_head of the model has num_classes=28 and the dataset has 29 classes' in message
    message = fails(
        'test', tiny_config, checkpoint, '--cfg-options', 'model.decode_head.num_classes=28'
    )
    assert 'num_classes=28 and the dataset has 29 classes' in message


@pytest.mark.parametrize('workers', [0, 1])
def test_truncated_image(fails, tiny_config, phantom_root, tmp_path, workers):
    """Seen when it is decoded, in the process itself or in a worker of the data loader."""
    data = tmp_path / 'data'
    shutil.copytree(phantom_root / 'train', data / 'train')
    images = sorted(data.glob('train/DCM/*/*.png'))
    for image in images:
        image.write_bytes(image.read_bytes()[:-2000])
    message = fails(
        'train',
        tiny_config,
        '--cfg-options',
        f'train_dataloader.dataset.data_root={data}',
        f'train_dataloader.num_workers={workers}',
    )
    assert any(message.startswith(f'{image}: ') for image in images)


def test_label_of_no_class(fails, tiny_config, phantom_root, tmp_path):
    data = tmp_path / 'data'
    shutil.copytree(phantom_root / 'train', data / 'train')
    for file in data.glob('train/outputs_json/*/*.json'):
        file.write_text(file.read_text().replace('"Radius"', '"Elbow"'))
    message = fails(
        'train', tiny_config, '--cfg-options', f'train_dataloader.dataset.data_root={data}'
    )
    assert str(data) in message and '.json' in message and "'Elbow'" in message


def test_output_that_cannot_be_written(fails, tiny_config, checkpoint, tmp_path):
    (tmp_path / 'file').write_text('not a folder')
    message = fails('test', tiny_config, checkpoint, '--out', tmp_path / 'file' / 'masks.csv')
    assert 'Cannot write the submission' in message


def test_launcher_without_its_starter(fails, tiny_config, monkeypatch):
    for variable in ('RANK', 'SLURM_PROCID'):
        monkeypatch.delenv(variable, raising=False)
    assert '`torchrun --nproc-per-node N --no-python handbone train' in fails(
        'train', tiny_config, '--launcher', 'pytorch'
    )
    assert '`srun handbone train' in fails('train', tiny_config, '--launcher', 'slurm')
    if not torch.cuda.is_available():
        assert 'needs GPUs' in fails('train', tiny_config, '--launcher', 'mpi')


def test_faults_of_the_program_keep_their_traceback(tiny_config, monkeypatch):
    def fault(*_):
        raise KeyError('a fault')

    monkeypatch.setattr('handbone.apis.training.train', fault)
    with pytest.raises(KeyError):
        main(['train', str(tiny_config)])


def test_traceback_on_demand(tiny_config, monkeypatch):
    monkeypatch.setenv('HANDBONE_TRACEBACK', '1')
    with pytest.raises(FileNotFoundError):
        main(['test', str(tiny_config), 'none.pth'])


@pytest.mark.parametrize('tool', ['predict', 'export', 'test'])
@pytest.mark.parametrize(
    ('fault', 'words'),
    [
        (("'FoldedUNet'", "'FoldedUnet'"), 'FoldedUNet'),
        (('in_channels=', 'in_chanels='), 'in_channels'),
    ],
)
def test_a_misspelt_model_is_named(fails, tiny_config, checkpoint, tmp_path, tool, fault, words):
    """Wherever a model is built: the nearest name, not a traceback of the registry."""
    text = tiny_config.read_text()
    assert fault[0] in text
    config = tmp_path / 'misspelt.py'
    config.write_text(text.replace(*fault))
    rest = dict(
        predict=(tmp_path / 'a.png', '--out-dir', tmp_path / 'out'),
        export=('--out', tmp_path / 'a.onnx'),
        test=('--work-dir', tmp_path / 'work'),
    )[tool]
    cv2.imwrite(str(tmp_path / 'a.png'), np.zeros((64, 64), np.uint8))
    message = fails(tool, config, checkpoint, *rest)
    assert words in message and 'misspelt.py' in message
