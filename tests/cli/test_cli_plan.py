"""handbone plan as a user calls it, and what it says of bad input."""

import pytest

from handbone.apis import convert, read_config_file
from handbone.cli.argument_types import seconds
from handbone.planning import step_cost
from handbone.planning.fingerprint import is_fingerprint


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


def test_the_fingerprint_takes_the_place_of_no_other_file(run_command, phantom_root, tmp_path):
    """It has the config's name: a plan beside its COCO file replaced the annotations by it."""
    convert(phantom_root / 'train', tmp_path, 'coco', image_files='copy')
    (annotations,) = tmp_path.glob('*.json')
    content, out = annotations.read_bytes(), annotations.with_suffix('.py')
    _, errors = run_command('plan', annotations, '--out', out, expected=1)
    assert f'error: {annotations} is there and is not the fingerprint' in errors
    assert annotations.read_bytes() == content and not out.exists()


def test_a_plan_replaces_no_config_that_was_written_by_hand(run_command, phantom_root, tmp_path):
    out, content = tmp_path / 'mine.py', "_base_ = ['demo.py']\n"
    out.write_text(content)
    _, errors = run_command('plan', phantom_root, '--out', out, expected=1)
    assert f'error: {out} is there and is not the config of an earlier plan' in errors
    assert out.read_text() == content and list(tmp_path.iterdir()) == [out]


def test_a_plan_takes_the_place_of_an_earlier_one(run_command, phantom_root, tmp_path, monkeypatch):
    monkeypatch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
    fingerprint = tmp_path / 'mine.json'
    words = ['plan', phantom_root, '--time', '2min', '--out', tmp_path / 'mine.py']
    run_command(*words)
    assert is_fingerprint(fingerprint)
    fingerprint.write_text(fingerprint.read_text().replace('"images": 12', '"images": 13'))
    run_command(*words)
    assert '"images": 12' in fingerprint.read_text()


@pytest.mark.parametrize('content', ['', '{}', '[1]', '{"images": []}', '{"images": 3}', None])
def test_what_is_no_fingerprint(content, tmp_path):
    path = tmp_path / 'mine.json'
    path.mkdir() if content is None else path.write_text(content)
    assert not is_fingerprint(path)


@pytest.mark.parametrize(
    ('text', 'value'),
    [('90s', 90), ('30min', 1800), ('1h30m', 5400), ('2d', 172800), ('.5h', None)],
)
def test_durations(text, value, run_command, phantom_root):
    if value is None:
        run_command('plan', phantom_root, '--out', 'x.py', '--time', text, expected=2)
    else:
        assert seconds(text) == value
