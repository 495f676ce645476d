"""The command answers without what it does not need, and its subcommands share one vocabulary."""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handbone.bones import CLASSES
from handbone.cli import command
from handbone.cli.command import SUBCOMMANDS, main

REPOSITORY = Path(__file__).parents[2]
#: What takes long to import.
HEAVY = ('torch', 'mmengine', 'mmcv', 'mmseg', 'pandas', 'sklearn', 'scipy', 'cv2', 'matplotlib')
#: What even NumPy's users can wait for, but not those of --help.
HELP_NEEDS_NO = (*HEAVY, 'numpy', 'rich', 'PIL')
#: Runs the command and prints afterwards which modules of a list were imported.
RUN = """\
import contextlib, io, sys
import handbone_command
heavy, lines = sys.argv[1].split(), sys.argv[2:]
for line in lines:
    with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):
        handbone_command.main(line.split('|'))
print(*[name for name in heavy if name in sys.modules])
"""


def imported(heavy, *lines):
    """Run command lines in one fresh process, and tell which modules they have imported."""
    ended = subprocess.run(
        [sys.executable, '-c', RUN, ' '.join(heavy), *('|'.join(map(str, line)) for line in lines)],
        env=os.environ | {'PYTHONPATH': str(REPOSITORY)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert not ended.stderr, ended.stderr
    return ended.stdout.split()


def test_help_imports_nothing_heavy():
    lines = [['--help'], *([name, '--help'] for name in SUBCOMMANDS)]
    assert imported(HELP_NEEDS_NO, *lines) == []


def test_commands_without_a_network_import_no_network(tmp_path):
    rows = ''.join(f'a.png,{name},1 5\n' for name in CLASSES)
    masks = [tmp_path / f'{name}.csv' for name in 'abc']
    for file in masks:
        file.write_text(f'image_name,class,rle\n{rows}')
    voted = tmp_path / 'voted.csv'
    log = tmp_path / 'run' / '20260101_000000' / 'vis_data' / 'scalars.json'
    log.parent.mkdir(parents=True)
    log.write_text(json.dumps(dict(mDice=0.5, step=10)) + '\n')
    (tmp_path / 'run' / 'config.py').write_text('max_iters = 10\n')
    assert imported(HEAVY, ['vote', *masks, '--out', voted]) == []
    assert voted.read_text() == masks[0].read_text()
    lines = (
        ['evaluate', *masks[:2], '--size', 9, 9, '--metrics', 'dice', '--out', tmp_path / 'd.csv'],
        ['compare-runs', tmp_path / 'run', '--csv', tmp_path / 'runs.csv'],
    )
    networks = ('torch', 'mmengine', 'mmcv', 'mmseg', 'pandas', 'sklearn', 'matplotlib')
    assert imported(networks, *lines) == []
    assert all((tmp_path / name).stat().st_size for name in ('d.csv', 'runs.csv'))


def options_of(name):
    """The parser of a subcommand."""
    module = __import__(f'handbone.cli.{name.replace("-", "_")}', fromlist=['add_arguments'])
    parser = command.argparse.ArgumentParser()
    module.add_arguments(parser)
    return module, parser


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_every_subcommand_speaks_of_itself_in_the_same_words(name):
    module, parser = options_of(name)
    assert parser.description and callable(module.run)
    shown = {
        option: action
        for action in parser._actions
        for option in action.option_strings
        if action.help is not command.argparse.SUPPRESS
    }
    assert not {'--output-dir', '--amp', '--output'} & set(shown)
    assert 'out_dir' not in [a.dest for o, a in shown.items() if o == '--out']
    if '--precision' in shown:
        assert set(shown['--precision'].choices) <= {'auto', 'fp32', 'bf16', 'fp16', 'int8'}
    for option, action in shown.items():
        assert action.help, f'{option} is not explained'
        assert 'tools/' not in action.help


@pytest.mark.parametrize('name', SUBCOMMANDS)
def test_a_command_that_reads_a_config_takes_its_options(name):
    source = (REPOSITORY / 'handbone' / 'cli' / f'{name.replace("-", "_")}.py').read_text()
    reads = re.search(
        r'read_config|open_predictor|FoldTraining|make_folds|pseudo_label\(|Search\(', source
    )
    _, parser = options_of(name)
    # those of `handbone queue add` too
    kind = command.argparse._SubParsersAction
    inner = [each.choices.values() for each in parser._actions if isinstance(each, kind)]
    parsers = [parser, *(each for choices in inner for each in choices)]
    taken = any('--cfg-options' in each._option_string_actions for each in parsers)
    assert bool(reads) == taken


@pytest.mark.parametrize(
    ('name', 'former', 'now'),
    [
        ('predict', ['m', 's', '--out', 'd'], ['m', 's', '--out-dir', 'd']),
        ('predict-archive', ['m', 's', '--out', 'd'], ['m', 's', '--out-dir', 'd']),
        ('browse-dataset', ['c', '--output-dir', 'd'], ['c', '--out-dir', 'd']),
        ('train', ['c', '--amp'], ['c', '--precision', 'bf16']),
        ('train', ['c', '--amp', 'fp16'], ['c', '--precision', 'fp16']),
        (
            'predict',
            ['m', 's', '--out', 'd', '--precision', 'float32'],
            ['m', 's', '--out-dir', 'd', '--precision', 'fp32'],
        ),
    ],
)
def test_former_spellings_mean_the_same(name, former, now):
    _, parser = options_of(name)
    assert parser.parse_args(former) == parser.parse_args(now)


@pytest.mark.parametrize(
    ('words', 'message'),
    [
        (['trian'], 'invalid choice'),
        (['train'], 'required: config'),
        (['train', 'c', '--no-such-option'], 'unrecognized arguments: --no-such-option'),
        (['train', 'c', '--cfg-options', 'lr'], 'lr is not of the form key=value'),
        (['predict'], 'required: SOURCE'),
        (['predict-archive', 'm', 's'], '--out-dir'),
        (['predict', 'm', 's', '--out-dir', 'd', '--workers', '0'], 'at least 1'),
        (['train', 'c', '--precision', 'int8'], 'invalid choice'),
    ],
)
def test_a_mistake_in_the_command_line_is_exit_code_2(words, message, capsys):
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_options_are_parsed_as_mmengine_parses_them():
    from handbone.configuration.config_file import parse_options

    words = ['a.b=1', 'c=[1,2]', 'd=x=y', 'e=(1,2)', 'f=True', 'g=[(a,b),1.5]', 'h=1,2', 'i=']
    assert parse_options(words) == {
        'a.b': 1,
        'c': [1, 2],
        'd': 'x=y',
        'e': (1, 2),
        'f': True,
        'g': [('a', 'b'), 1.5],
        'h': [1, 2],
        'i': '',
    }


@pytest.mark.parametrize('file', sorted((REPOSITORY / 'tools').glob('*.py')), ids=lambda f: f.stem)
def test_a_script_in_tools_is_a_call_of_a_subcommand(file):
    if file.stem == '_command':
        return
    body = ast.parse(file.read_text()).body
    assert len(body) == 3  # docstring, import, guarded call
    called = body[2].body[0].value
    assert called.func.id == 'run' and called.args[0].value in SUBCOMMANDS


def test_a_script_runs_from_a_clone_that_is_not_installed(tmp_path):
    environment = {key: value for key, value in os.environ.items() if key != 'PYTHONPATH'}
    ended = subprocess.run(
        [sys.executable, str(REPOSITORY / 'tools' / 'train.py'), '--help'],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0 and ended.stdout.startswith('usage: handbone train'), ended.stderr


def named_commands():
    """What messages and docstrings of the package call a command: `handbone WORD`."""
    for file in (REPOSITORY / 'handbone').rglob('*.py'):
        for word in re.findall(r'`handbone ([a-z][\w-]*)', file.read_text(encoding='utf-8')):
            yield file.name, word


def test_messages_name_commands_that_the_wheel_has():
    # the chunk of a label PNG that names its classes is called that
    known = {*SUBCOMMANDS, 'classes'}
    assert [found for found in named_commands() if found[1] not in known] == []
    assert len(list(named_commands())) > 20
    for file in (REPOSITORY / 'handbone').rglob('*.py'):
        text = file.read_text(encoding='utf-8')
        assert 'mmenv.check' not in text, file
        scripts = set(re.findall(r'tools/\w+\.py', text))
        assert not scripts, f'{file}: {scripts}'
