"""The locks are exact and complete, and the package requires what it imports."""

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parents[2]
CPU = ROOT / 'mmenv' / 'requirements-cpu.txt'
CUDA = ROOT / 'mmenv' / 'requirements-cuda.txt'
SMP = ROOT / 'mmenv' / 'requirements-smp.txt'
TRACKING = ROOT / 'mmenv' / 'requirements-tracking.txt'
DOCS = ROOT / 'mmenv' / 'requirements-docs.txt'
PIN = re.compile(r'[A-Za-z0-9._-]+==[0-9][0-9A-Za-z.]*')
CUDA_LIBRARY = re.compile(r'cuda-|nvidia-|triton')
# albumentations asks for it; opencv-python provides the same module
REPLACED = {'opencv-python-headless'}


def canonical(name):
    return re.sub(r'[-_.]+', '-', name).lower()


def pins(lock):
    lines = lock.read_text(encoding='utf-8').splitlines()
    return [line for line in lines if line and not line.startswith('#')]


def names(lock):
    return {canonical(pin.partition('==')[0]) for pin in pins(lock)}


@pytest.mark.parametrize('lock', [CPU, CUDA, SMP, TRACKING, DOCS], ids=lambda lock: lock.stem)
def test_a_lock_holds_exact_versions_and_nothing_else(lock):
    # no local versions (+cpu), addresses, paths, options or ranges
    assert [pin for pin in pins(lock) if not PIN.fullmatch(pin)] == []
    assert len(names(lock)) == len(pins(lock))
    assert pins(lock) == sorted(pins(lock), key=str.lower)


def test_the_cuda_lock_is_the_cpu_lock_and_the_cuda_libraries():
    assert [pin for pin in pins(CUDA) if not CUDA_LIBRARY.match(pin)] == pins(CPU)
    assert any(pin.startswith('triton==') for pin in pins(CUDA))


@pytest.mark.parametrize('lock', [SMP, TRACKING, DOCS], ids=lambda lock: lock.stem)
def test_a_lock_beside_the_others_repeats_nothing(lock):
    assert names(lock) & names(CUDA) == set()


@pytest.mark.parametrize('lock', [CPU, SMP, TRACKING], ids=lambda lock: lock.stem)
def test_a_lock_contains_the_requirements_of_everything_in_it(lock):
    known = names(CPU) | names(lock) | REPLACED
    missing = {}
    for name in sorted(names(lock)):
        try:
            requirements = metadata.requires(name) or []
        except metadata.PackageNotFoundError:  # another environment than that of the lock
            continue
        for requirement in map(Requirement, requirements):
            applies = requirement.marker is None or requirement.marker.evaluate({'extra': ''})
            wanted = canonical(requirement.name)
            # the CUDA libraries of torch are not in the list of the CPU
            if applies and wanted not in known and not CUDA_LIBRARY.match(wanted):
                missing[wanted] = name
    assert missing == {}


def test_the_locks_satisfy_the_requirements_of_the_package():
    versions = dict(pin.split('==') for pin in pins(CPU))
    for line in pins(ROOT / 'requirements.txt'):
        requirement = Requirement(line)
        assert requirement.specifier.contains(versions[requirement.name]), line


def imported_modules(file):
    """Top-level names of the modules that a file imports, inside functions too."""
    for node in ast.walk(ast.parse(file.read_text(encoding='utf-8'))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split('.')[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module.split('.')[0]


def modules_without_distribution(folder, known):
    """Modules that the files of a folder import and none of the known distributions provides."""
    distributions = metadata.packages_distributions()
    files = list(folder.rglob('*.py'))
    # of the project, or files that lie beside the one that imports them
    own = {'handbone', 'handbone_command', 'benchmarks', 'mmenv', 'tests'}
    own |= {file.stem for file in files}
    missing = {}
    for file in files:
        for module in set(imported_modules(file)) - own - set(sys.stdlib_module_names):
            providers = {canonical(name) for name in distributions.get(module, [module])}
            if not providers & known:
                missing[module] = file.name
    return missing


def extras():
    """Distributions of the extras that setup.py lists."""
    for node in ast.walk(ast.parse((ROOT / 'setup.py').read_text(encoding='utf-8'))):
        if isinstance(node, ast.keyword) and node.arg == 'extras_require':
            lists = ast.literal_eval(node.value).values()
            return {canonical(Requirement(line).name) for lines in lists for line in lines}
    raise AssertionError


def test_the_package_requires_every_distribution_that_it_imports():
    required = {canonical(Requirement(line).name) for line in pins(ROOT / 'requirements.txt')}
    required |= extras() | {'triton'}  # which comes with a torch for CUDA
    assert modules_without_distribution(ROOT / 'handbone', required) == {}


@pytest.mark.parametrize('folder', ['tests', 'tools', 'benchmarks'])
def test_the_locks_hold_what_tests_tools_and_benchmarks_import(folder):
    known = names(CUDA) | names(SMP) | names(TRACKING)
    # libraries of formats, which wrote the golden files once; no test imports them
    known |= {'labelme', 'label-studio-converter', 'nnunetv2'} if folder == 'tests' else set()
    assert modules_without_distribution(ROOT / folder, known) == {}
