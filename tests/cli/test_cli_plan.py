"""handbone plan as a user calls it, and what it says of bad input."""

import pytest

from handbone.apis import read_config_file
from handbone.cli.argument_types import seconds
from handbone.planning import step_cost


def test_a_plan_of_a_folder(run_command, phantom_root, tmp_path, monkeypatch):
    monkeypatch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
    out = tmp_path / 'mine.py'
    shown, _ = run_command('plan', phantom_root, '--time', '2min', '--out', out)
    assert '| folded_unet ' in shown and '| finger-16 ' in shown
    assert shown.splitlines()[-2:] == [str(tmp_path / 'mine.json'), str(out)]
    assert read_config_file(out).train_dataloader.dataset.data_root == str(phantom_root)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['nowhere'], 'nowhere: there is no such file or folder'),
        (['{data}', '--device-memory', 'nan'], '--device-memory is more than 0 GB'),
        (['{data}', '--classes', 'Radius', 'Ulna'], 'the label is not among the 2 classes'),
        (['{data}/train', '--read', 'order=1'], "The reader of hand-bone has no option 'order'"),
        (['{data}/train', '--patient-pattern', '('], 'is not a regular expression'),
        (['{data}', '--from', 'coco'], '{data}'),
    ],
)
def test_bad_input_is_one_line(run_command, phantom_root, tmp_path, words, message):
    words = [word.format(data=phantom_root) for word in words]
    _, errors = run_command('plan', *words, '--out', tmp_path / 'mine.py', expected=1)
    (line,) = [line for line in errors.splitlines() if line.startswith('error: ')]
    assert message.format(data=phantom_root) in line
    assert not list(tmp_path.iterdir())


def test_the_name_of_a_config_ends_in_py(run_command, phantom_root, tmp_path):
    _, errors = run_command('plan', phantom_root, '--out', tmp_path / 'mine.txt', expected=1)
    assert 'a config is a .py file' in errors


@pytest.mark.parametrize(
    ('text', 'value'),
    [('90s', 90), ('30min', 1800), ('1h30m', 5400), ('2d', 172800), ('.5h', None)],
)
def test_durations(text, value, run_command, phantom_root):
    if value is None:
        run_command('plan', phantom_root, '--out', 'x.py', '--time', text, expected=2)
    else:
        assert seconds(text) == value
