"""Runs are compared by what stands in their work dirs, of which nothing is executed."""

import csv
import inspect
import json

import cv2
import pytest
from mmengine.config import Config
from mmengine.runner import Runner

from handbone.cli.command import main
from handbone.configuration.dumped_config import flatten, read_dumped_config
from handbone.engine import ResumableRunner
from handbone.errors import HandboneError
from handbone.runs.run_comparison import COMPARED, config_differences
from handbone.runs.run_record import read_run

CONFIG = dict(
    crop_size=(256, 256),
    model=dict(
        type='MultilabelEncoderDecoder',
        decode_head=dict(loss_decode=[dict(type='MultilabelBCELoss', loss_weight=1.0)]),
    ),
    train_dataloader=dict(batch_size=4, dataset=dict(pipeline=[dict(size=(256, 256))])),
    custom_keys={'a.b': dict(lr_mult=-0.1)},
    work_dir='somewhere',
    resume=False,
)


def write_logs(folder, lines, config=CONFIG, classes=None):
    """What a training run leaves: its log, its configuration and the table of the last scores."""
    logs = folder / 'vis_data'
    logs.mkdir(parents=True)
    text = ''.join(f'{json.dumps(line)}\n' for line in lines)
    (logs / 'scalars.json').write_text(text)
    Config(config).dump(logs / 'config.py')
    if classes:
        rows = [
            ['image', 'mean', *classes],
            *([f'{i}.png', 0.5, *v] for i, v in enumerate(zip(*classes.values(), strict=True))),
        ]
        with (folder / 'dice_per_image.csv').open('w', newline='') as file:
            csv.writer(file).writerows(rows)


def validation(step, mean, **groups):
    return {'mDice': mean, **{f'Dice/{k}': v for k, v in groups.items()}, 'time': 0.1, 'step': step}


def loss(step):
    return dict(loss=0.1, iter=step, step=step)


@pytest.fixture
def runs(tmp_path):
    """Two runs: the second with focal loss, another size and 0.1 more."""
    first, second = tmp_path / 'runs' / 'bce', tmp_path / 'runs' / 'focal'
    write_logs(
        first / '20260101_000000',
        [
            loss(1),
            validation(10, 0.5, carpals=0.4),
            validation(20, 0.7, carpals=0.6),
            validation(30, 0.65, carpals=0.5),
        ],
        classes=dict(Ulna=(0.8, 0.6), Radius=(0.9, 0.7)),
    )
    other = Config(CONFIG)
    other.work_dir = 'elsewhere'
    other.crop_size = (512, 512)
    other.train_dataloader.dataset.pipeline[0].size = (512, 512)
    other.model.decode_head.loss_decode[0] = dict(
        type='MultilabelFocalLoss', loss_weight=1.0, gamma=2.0
    )
    write_logs(
        second / '20260101_000000',
        [loss(1), validation(10, 0.8, carpals=0.7)],
        config=other.to_dict(),
        classes=dict(Ulna=(0.9, 0.9), Radius=(0.6, 0.4)),
    )
    return first, second


def test_tables(runs, capsys):
    main(['compare-runs', *map(str, runs)])
    out = capsys.readouterr().out
    rows = [[cell.strip() for cell in line.split('|')[1:-1]] for line in out.splitlines()]
    assert ['1', 'bce', '0.7000', '20', '0.6500', '30', '0.6000', '+0.0000'] in rows
    assert ['2', 'focal', '0.8000', '10', '0.8000', '10', '0.7000', '+0.1000'] in rows
    assert ['Ulna', '0.7000', '0.9000'] in rows
    assert ['Radius', '0.8000', '0.5000'] in rows
    assert [
        'model.decode_head.loss_decode[0].type',
        'MultilabelBCELoss',
        'MultilabelFocalLoss',
    ] in rows
    assert 'crop_size' not in out and 'work_dir' not in out and 'batch_size' not in out


def test_differences_are_all_and_only_those(runs):
    assert config_differences([read_run(run) for run in runs]) == {
        'model.decode_head.loss_decode[0].type': ['MultilabelBCELoss', 'MultilabelFocalLoss'],
        'model.decode_head.loss_decode[0].gamma': ['–', 2.0],
        'train_dataloader.dataset.pipeline[0].size': [(256, 256), (512, 512)],
    }


def test_csv_and_picture(runs, tmp_path, capsys):
    table, picture = tmp_path / 'out.csv', tmp_path / 'out.png'
    main(['compare-runs', *map(str, runs), '--csv', str(table), '--plot', str(picture)])
    with table.open(newline='') as file:
        header, *rows = csv.reader(file)
    assert header == ['kind', 'name', 'bce', 'focal']
    assert ['score', 'best mDice', '0.7', '0.8'] in rows
    assert ['setting', 'model.decode_head.loss_decode[0].gamma', '–', '2.0'] in rows
    classes = {name: [float(v) for v in values] for kind, name, *values in rows if kind == 'class'}
    assert classes == {'Ulna': pytest.approx([0.7, 0.9]), 'Radius': pytest.approx([0.8, 0.5])}
    assert cv2.imread(str(picture)).std() > 1
    assert not list(tmp_path.glob('.*'))


def test_resumed_run_is_joined(tmp_path):
    """What was trained again after a kill counts as it was the second time."""
    write_logs(tmp_path / '20260101_000000', [loss(1), validation(10, 0.5), validation(20, 0.9)])
    with (tmp_path / '20260101_000000' / 'vis_data' / 'scalars.json').open('a') as file:
        file.write('{"mDice": 0.')  # killed while it was writing
    write_logs(tmp_path / '20260102_000000', [loss(11), validation(20, 0.6), validation(30, 0.7)])
    run = read_run(tmp_path)
    scores = {step: of_step['mDice'] for step, of_step in run.scores.items()}
    assert scores == {10: 0.5, 20: 0.6, 30: 0.7}
    assert run.losses == {1: 0.1, 11: 0.1}


def test_classes_of_logs_and_tables_are_compared_in_one_unicode_form(tmp_path):
    name = 'ra\u0301dio'
    lines = [loss(1), validation(10, 0.5, **{name: 0.4, 'carpals': 0.3})]
    write_logs(tmp_path / '20260101_000000', lines, classes={name: (0.8, 0.6)})
    run = read_run(tmp_path)
    assert list(run.classes) == ['r\u00e1dio'] and run.groups_at(10) == {'carpals': 0.3}


def test_run_that_began_anew_replaces_the_former(tmp_path):
    write_logs(
        tmp_path / '20260101_000000', [loss(1), validation(10, 0.5), loss(11), validation(20, 0.9)]
    )
    write_logs(tmp_path / '20260102_000000', [loss(1), validation(10, 0.4)])
    run = read_run(tmp_path)
    assert (list(run.scores), list(run.losses)) == ([10], [1])


def test_folders_without_runs_are_left_out(runs, tmp_path, capsys):
    browse, file = tmp_path / 'browse', tmp_path / 'notes.txt'
    browse.mkdir()
    file.write_text('')
    main(['compare-runs', str(runs[0]), str(browse), str(file)])
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [
        f'{path}: no validated training run, left out' for path in (browse, file)
    ]
    assert 'The configurations are the same.' in captured.out


@pytest.mark.parametrize(
    ('name', 'message'),
    [('missing', 'missing: no such folder'), ('empty', 'no validated training run in')],
)
def test_no_run_is_an_error(tmp_path, capsys, monkeypatch, name, message):
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    (tmp_path / 'empty').mkdir()
    with pytest.raises(SystemExit):
        main(['compare-runs', str(tmp_path / name)])
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith('error: ') and message in last


def test_broken_log_names_its_line(runs):
    log = runs[0] / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.write_text('{"loss": 1}\nnonsense\n{"loss": 1}\n')
    with pytest.raises(ValueError, match=r'scalars\.json, line 2: the file is not JSON'):
        read_run(runs[0])


@pytest.mark.parametrize(
    ('line', 'message'),
    [
        (b'{"step": null, "mDice": 0.5}', "'step' is None, which is not a number"),
        (b'{"step": 1, "mDice": "0.5"}', "'mDice' is '0.5', which is not a number"),
        (b'{"step": 1, "mDice": true}', "'mDice' is True"),
        (b'{"step": 1.5}', "'step' is 1.5"),
        (b'{"step": 1, "loss": "low"}', "'loss' is 'low', which is not a number"),
        (b'\xff\xfe', 'the file is not JSON'),
        (b'[' * 100_000, 'the JSON is nested too deeply'),
    ],
)
def test_logs_with_values_of_other_types_name_their_line(runs, line, message):
    log = runs[0] / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.write_bytes(b'{"loss": 1}\n' + line + b'\n{"loss": 1}\n')
    with pytest.raises(ValueError, match=rf'scalars\.json, line 2: {message}') as caught:
        read_run(runs[0])
    assert isinstance(caught.value, HandboneError)


def test_tables_of_dice_that_are_broken_are_named(runs):
    table = runs[0] / '20260101_000000' / 'dice_per_image.csv'
    table.write_text('image,mean,Ulna\na.png,0.5\n')
    with pytest.raises(HandboneError, match=r'dice_per_image\.csv, line 2: 2 fields'):
        read_run(runs[0])


def test_dump_is_read_as_mmengine_reads_it(runs):
    for run in runs:
        dump = run / '20260101_000000' / 'vis_data' / 'config.py'
        assert read_dumped_config(dump) == Config.fromfile(dump).to_dict()


@pytest.mark.parametrize(
    'text',
    [
        "__import__('pathlib').Path('{mark}').touch()",
        "a = __import__('pathlib').Path('{mark}').touch()",
        "import pathlib\npathlib.Path('{mark}').touch()",
        "a = dict(b=[open('{mark}', 'w')])",
        "a = [x for x in (open('{mark}', 'w'),)]",
        "a = dict(**dict(b=open('{mark}', 'w')))",
        'a = f\'{{open("{mark}", "w")}}\'',
        'a = 9**9**9**9',
        'a = b',
    ],
)
def test_nothing_in_a_dump_is_executed(runs, tmp_path, capsys, monkeypatch, text):
    monkeypatch.delenv('HANDBONE_TRACEBACK', raising=False)
    mark = tmp_path / 'executed'
    dump = runs[0] / '20260101_000000' / 'vis_data' / 'config.py'
    dump.write_text(text.format(mark=mark))
    with pytest.raises(SystemExit):
        main(['compare-runs', *map(str, runs)])
    assert not mark.exists()
    assert f'{dump}: line 1: not a' in capsys.readouterr().err


def test_flatten_keeps_sizes_whole():
    nested = dict(a=dict(b=[dict(c=1), dict(c=(2, 3))], d={}), e=[1, 2])
    assert flatten(nested) == {'a.b[0].c': 1, 'a.b[1].c': (2, 3), 'a.d': {}, 'e': [1, 2]}


def test_all_that_a_runner_reads_is_compared():
    """But for what is different in every run and changes nothing."""
    read = set(inspect.signature(ResumableRunner.__init__).parameters)
    read |= set(inspect.signature(Runner.__init__).parameters)
    assert (
        read - COMPARED
        == {*('self', 'cfg', 'work_dir', 'launcher', 'resume', 'experiment_name', 'kwargs', 'args')}
        & read
    )
