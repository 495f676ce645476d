"""What `import handbone` registers, and when."""

import importlib
import re
import subprocess
import sys
from pathlib import Path

import pytest

from handbone.registration import register

PACKAGE = Path(__file__).resolve().parents[2] / 'handbone'
REGISTERS = re.compile(r'register_(module|backend|scheme)\(')
LAZY = sorted(file.parent.name for file in PACKAGE.glob('*/__init__.pyi'))

# run as a file, because a spawned process imports the file of its parent
SPAWN = """\
import multiprocessing, sys
import handbone_command

def registered():
    import handbone
    from mmseg.registry import DATASETS
    return 'XRayHandBoneDataset' in DATASETS.module_dict

if __name__ == '__main__':
    handbone_command.running = True
    import gc, handbone
    assert 'mmengine' not in sys.modules
    handbone.register()
    assert gc.isenabled() and gc.get_freeze_count() > 100_000
    with multiprocessing.get_context('spawn').Pool(1) as pool:
        assert pool.apply(registered)
"""


def run(*command):
    return subprocess.run([sys.executable, *command], capture_output=True, text=True, check=False)


def test_registering_imports_every_module_that_registers_something():
    register()
    for file in PACKAGE.rglob('*.py'):
        if REGISTERS.search(file.read_text(encoding='utf-8')):
            name = '.'.join(file.relative_to(PACKAGE.parent).with_suffix('').parts)
            assert name in sys.modules, name


@pytest.mark.slow
def test_importing_the_package_registers_its_parts():
    code = 'import handbone, mmseg.registry as r; r.MODELS.build(dict(type="MultilabelDiceLoss"))'
    # PyTorch's compiler takes a second to import, and few trainings use it
    code += '; import gc, sys; assert gc.isenabled() and "torch._dynamo" not in sys.modules'
    # what a program of the user had before is its own to collect
    code += '; assert gc.get_freeze_count() < 1000'
    ended = run('-c', code)
    assert ended.returncode == 0, ended.stderr


@pytest.mark.slow
def test_a_process_that_the_command_spawns_registers_by_itself(tmp_path):
    (tmp_path / 'program.py').write_text(SPAWN)
    ended = run(str(tmp_path / 'program.py'))
    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize('room', LAZY)
def test_a_lazy_package_has_what_its_stub_names(room):
    package = importlib.import_module(f'handbone.{room}')
    for name in package.__all__:
        value = getattr(package, name)
        assert not isinstance(value, type(sys)), f'{name} is a module'
