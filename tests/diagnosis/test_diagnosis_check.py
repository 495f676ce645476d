"""The check finds faults that are put there, and names the command that corrects them."""

import os
import resource
import subprocess
import sys
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path

import pytest

from handbone.diagnosis import distributions, machine, modules, operators, report
from handbone.diagnosis.finding import Finding

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


def distribution(folder, name, version, module=None):
    """Write what an installed distribution leaves in site-packages."""
    info = folder / f'{name.replace("-", "_")}-{version}.dist-info'
    info.mkdir(parents=True)
    (info / 'METADATA').write_text(f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n')
    if module:
        (info / 'top_level.txt').write_text(f'{module}\n')
        (info / 'RECORD').write_text(f'{module}/__init__.py,,\n')


def run_check(path, *arguments, **options):
    """Run the command line with a folder of faults before everything that is installed."""
    environment = os.environ | {'PYTHONPATH': str(path), 'COLUMNS': '200'}
    return subprocess.run(
        [sys.executable, '-m', 'handbone_command', 'check', *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        **options,
    )


@pytest.mark.parametrize(
    ('module', 'second', 'kept'),
    [
        ('mmseg', 'mmsegmentation', 'onedl-mmsegmentation'),
        ('mmcv', 'mmcv-lite', 'onedl-mmcv'),
        ('mmengine', 'mmengine', 'onedl-mmengine'),
        ('cv2', 'opencv-python-headless', 'opencv-python'),
    ],
)
def test_two_distributions_of_one_module(tmp_path, monkeypatch, module, second, kept):
    assert not any(f' provide {module}:' in f.what for f in distributions.check_one_provider())
    distribution(tmp_path, second, '1.0', module)
    monkeypatch.syspath_prepend(tmp_path)
    (finding,) = distributions.check_one_provider()
    assert f'both provide {module}' in finding.what
    assert f'pip uninstall -y {second} ' in finding.fix
    assert f'--force-reinstall {kept}==' in finding.fix
    assert finding.fault


def test_an_old_numpy(tmp_path, monkeypatch):
    distribution(tmp_path, 'numpy', '1.26.4')
    monkeypatch.syspath_prepend(tmp_path)
    (finding,) = distributions.check_requirements()
    assert finding.what == 'numpy 1.26.4 is installed, numpy>=2 is required'
    assert finding.fix.startswith('python -m pip install "numpy==2.')


def test_a_missing_distribution(tmp_path):
    requirements = tmp_path / 'requirements.txt'
    requirements.write_text('# what is needed\nnumpy>=2\nno-such-distribution>=1\n')
    (finding,) = distributions.check_requirements(requirements)
    assert finding.what == 'no-such-distribution is not installed'
    assert finding.fix == 'python -m pip install "no-such-distribution"'


def test_headless_opencv_may_stand_in_for_opencv(tmp_path, monkeypatch):
    lookup = metadata.version

    def without_opencv(name):
        if name == 'opencv-python':
            raise metadata.PackageNotFoundError(name)
        return '4.12.0' if name == 'opencv-python-headless' else lookup(name)

    monkeypatch.setattr(metadata, 'version', without_opencv)
    assert distributions.check_requirements() == []


def test_opencv_without_libgl(tmp_path):
    message = 'libGL.so.1: cannot open shared object file: No such file or directory'
    (tmp_path / 'cv2.py').write_text(f'raise ImportError({message!r})\n')
    process = run_check(tmp_path)
    assert process.returncode == 1
    assert 'Fault: OpenCV does not load: a system library is missing' in process.stdout
    assert 'apt-get install -y libgl1 libglib2.0-0' in process.stdout
    assert 'pip install --no-deps opencv-python-headless==' in process.stdout


def test_opencv_that_fails_otherwise_is_installed_again(tmp_path, monkeypatch):
    (tmp_path / 'cv2.py').write_text('raise ImportError("numpy.core.multiarray failed")\n')
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    (finding,) = modules.check_opencv()
    assert finding.fix.startswith('python -m pip install --no-deps --force-reinstall opencv')


def test_torchvision_of_another_torch(tmp_path):
    (tmp_path / 'torchvision').mkdir()
    (tmp_path / 'torchvision' / '__init__.py').write_text(
        "raise RuntimeError('operator torchvision::nms does not exist')\n"
    )
    distribution(tmp_path, 'torchvision', '0.20.0', 'torchvision')
    process = run_check(tmp_path)
    assert process.returncode == 1
    assert 'torchvision 0.20.0 does not load beside torch' in process.stdout
    assert 'operator torchvision::nms does not exist' in process.stdout
    minor = int(metadata.version('torch').split('.')[1]) + 15
    assert f'--force-reinstall "torchvision==0.{minor}.*"' in process.stdout


@pytest.mark.parametrize(
    ('torch_version', 'expected'),
    [('2.4.1', '"torchvision==0.19.*"'), ('2.13.0+cu130', 'pytorch.org/whl/cu130')],
)
def test_the_matching_torchvision(tmp_path, monkeypatch, torch_version, expected):
    (tmp_path / 'torchvision.py').write_text('raise RuntimeError("operator")\n')
    distribution(tmp_path, 'torchvision', '0.1.0', 'torchvision')
    distribution(tmp_path, 'torch', torch_version)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv('PYTHONPATH', str(tmp_path))
    (finding,) = modules.check_torchvision()
    assert finding.fix.endswith(expected)


def test_too_little_shared_memory(tmp_path):
    (finding,) = machine.check_shared_memory(tmp_path, needed=2**60)
    assert 'docker run --shm-size=8g' in finding.fix
    assert machine.check_shared_memory(tmp_path, needed=1) == []
    assert machine.check_shared_memory(tmp_path / 'absent', needed=2**60) == []


@pytest.mark.parametrize('error', ['ImportError', 'OSError', 'ModuleNotFoundError'])
def test_the_check_needs_no_package_at_all(tmp_path, error):
    names = ('torch', 'numpy', 'lazy_loader', 'mmengine', 'mmseg', 'mmcv', 'rich', 'packaging')
    for name in names:
        (tmp_path / f'{name}.py').write_text(f'raise {error}("{name} is broken")\n')
    process = run_check(f'{tmp_path}{os.pathsep}{ROOT}')
    assert process.returncode == 1, process.stderr
    assert 'torch is broken' in process.stdout
    assert 'Fault: packaging, and probably more, does not load' in process.stdout


def test_too_few_open_files():
    process = run_check(
        '', preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256))
    )
    assert process.returncode == 1
    assert 'only 256 files may be open at once' in process.stdout
    assert 'ulimit -n 4096' in process.stdout


@pytest.mark.parametrize('version', [(3, 10), (3, 14)])
def test_an_unsuitable_python(version):
    (finding,) = distributions.check_python(version)
    assert finding.what.startswith(f'Python 3.{version[1]} runs')
    assert distributions.check_python((3, 11)) == distributions.check_python((3, 13)) == []


@pytest.fixture
def psa_config(tmp_path):
    """A config that inherits a head that mmcv's compiled operators are needed for."""
    (tmp_path / 'base.py').write_text(
        "model = dict(type='EncoderDecoder', decode_head=dict(type='mmseg.PSAHead'))\n"
    )
    file = tmp_path / 'psanet.py'
    file.write_text("_base_ = ['base.py']\nmodel = dict(auxiliary_head=[dict(type='FCNHead')])\n")
    return file


def test_a_config_that_needs_operators(psa_config):
    if find_spec('mmcv._ext'):
        pytest.skip('this mmcv has its operators')
    process = run_check('', str(psa_config))
    assert process.returncode == 1
    assert 'uses PSAHead, which need' in process.stdout
    assert '--no-binary onedl-mmcv onedl-mmcv==' in process.stdout


def test_operators_that_are_there_are_no_fault(psa_config, monkeypatch):
    monkeypatch.setattr(operators, 'import_error', lambda module: None)
    assert operators.check_operators(psa_config) == []


def test_operators_that_do_not_load_are_a_fault(psa_config, monkeypatch):
    monkeypatch.setattr(operators, 'import_error', lambda module: 'undefined symbol: _ZN3c10')
    (finding,) = operators.check_operators(psa_config)
    assert 'undefined symbol' in finding.what


def test_a_config_that_needs_none(tmp_path):
    file = tmp_path / 'plain.py'
    file.write_text("model = dict(decode_head=dict(type='UPerHead', norm_cfg=dict(type='BN')))\n")
    assert operators.check_operators(file) == []


def test_types_with_operators_are_read_from_the_sources():
    names = operators.types_with_operators()
    assert {'PSAHead', 'CCHead', 'PointHead', 'FocalLoss', 'DCN', 'DCNv2', 'carafe'} <= names
    assert {'MMSyncBN', 'MultiScaleDeformableAttention'} <= names
    assert names.isdisjoint({'UPerHead', 'FCNHead', 'SegformerHead', 'CrossEntropyLoss', 'BN'})


def test_a_config_that_cannot_be_read_does_not_hide_the_findings(tmp_path):
    (tmp_path / 'cv2.py').write_text('raise ImportError("numpy.core.multiarray failed")\n')
    process = run_check(tmp_path, str(tmp_path / 'absent.py'))
    assert process.returncode == 2
    assert 'Fault: OpenCV does not load' in process.stdout
    assert 'absent.py cannot be read' in process.stderr


def test_the_report_lists_versions_and_optional_parts(capsys, monkeypatch):
    monkeypatch.setattr(report, 'CHECKS', ())
    assert report.check() == 0
    text = capsys.readouterr().out
    for name in ('onedl-mmsegmentation', 'opencv-python', 'mlflow', 'mmcv operators', 'torch'):
        assert name in text
    assert 'Everything is in order.' in text


def test_a_warning_alone_is_no_failure(capsys, monkeypatch):
    warning = Finding('the GPU is idle', 'make env\nsecond line', fault=False)
    monkeypatch.setattr(report, 'CHECKS', (lambda: [warning],))
    assert report.check() == 0
    text = capsys.readouterr().out
    assert 'Warning: the GPU is idle\n  make env\n  second line\n0 faults, 1 warning.' in text


def test_the_report_needs_no_rich(capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, 'rich', None)
    monkeypatch.setitem(sys.modules, 'rich.console', None)
    fault = Finding('rich is not installed', 'python -m pip install rich')
    monkeypatch.setattr(report, 'CHECKS', (lambda: [fault],))
    assert report.check() == 1
    text = capsys.readouterr().out
    assert 'Fault: rich is not installed\n  python -m pip install rich' in text
