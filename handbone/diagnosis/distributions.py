"""Checks of the installed distributions: required ones, their versions, doubled ones."""

import sys
from importlib import metadata
from pathlib import Path

from handbone.configuration.shipped import config_folder

from .finding import Finding

#: The clone, or the folder in the installed package that has the same files.
ROOT = config_folder().parent
REQUIREMENTS = ROOT / 'requirements.txt'
LOCK = ROOT / 'mmenv' / 'requirements-cpu.txt'
CUDA_LOCK = ROOT / 'mmenv' / 'requirements-cuda.txt'

#: Modules that several distributions provide, and the one to keep.
KEPT_PROVIDER = {
    'mmseg': 'onedl-mmsegmentation',
    'mmcv': 'onedl-mmcv',
    'mmengine': 'onedl-mmengine',
    'cv2': 'opencv-python',
}
#: Distributions that provide the same ``cv2`` and may stand in for opencv-python.
OPENCV = (
    'opencv-python',
    'opencv-python-headless',
    'opencv-contrib-python',
    'opencv-contrib-python-headless',
)


def installed_version(distribution: str) -> str | None:
    """Look up an installed version, such as ``'2.13.0+cpu'``; None if it is not installed."""
    try:
        return metadata.version(distribution)
    except metadata.PackageNotFoundError:
        return None


def locked(distribution: str, lock: Path = LOCK) -> str:
    """Pin a distribution to the version in the lock.

    Args:
        distribution: its name as the lock writes it.
        lock: a requirements file of ``name==version`` lines.

    Returns:
        ``'name==version'``, or the bare name if the lock does not have it.
    """
    lines = lock.read_text(encoding='utf-8').splitlines()
    return next((line for line in lines if line.startswith(f'{distribution}==')), distribution)


def install_all(lock: Path = LOCK) -> str:
    """Build the command that installs everything: with make in a clone, with pip elsewhere.

    Args:
        lock: a requirements file of ``name==version`` lines.

    Returns:
        The command.
    """
    if not (ROOT / 'Makefile').is_file():
        return f'python -m pip install --no-deps --requirement {lock}'
    return 'make env' if lock == LOCK else f'rm -rf .venv && make env LOCK={lock.relative_to(ROOT)}'


def check_requirements(requirements: Path = REQUIREMENTS) -> list[Finding]:
    """Compare the installed versions with what handbone requires.

    Args:
        requirements: a requirements file.

    Returns:
        One finding for each distribution that is absent, too old or too new.
    """
    try:
        from packaging.requirements import Requirement
    except Exception as error:  # a broken package may raise anything
        what = f'packaging, and probably more, does not load ({error})'
        return [Finding(what, install_all())]
    findings = []
    for line in requirements.read_text(encoding='utf-8').splitlines():
        if not line.strip() or line.startswith('#'):
            continue
        requirement = Requirement(line)
        names = OPENCV if requirement.name == 'opencv-python' else (requirement.name,)
        versions = [version for name in names if (version := installed_version(name))]
        if not versions:
            fix = f'python -m pip install "{locked(requirement.name)}"'
            findings.append(Finding(f'{requirement.name} is not installed', fix))
        elif not requirement.specifier.contains(versions[0], prereleases=True):
            what = f'{requirement.name} {versions[0]} is installed, {line} is required'
            findings.append(Finding(what, f'python -m pip install "{locked(requirement.name)}"'))
    return findings


def check_one_provider() -> list[Finding]:
    """Find modules that more than one installed distribution provides.

    Both write into the same folder, so what is imported is a mixture, and removing one of the two
    removes files of the other: the one to keep is installed again.

    Returns:
        One finding for each such module.
    """
    providers = metadata.packages_distributions()
    findings = []
    for module, kept in KEPT_PROVIDER.items():
        names = sorted({name.lower().replace('_', '-') for name in providers.get(module, [])})
        if len(names) < 2:
            continue
        others = ' '.join(name for name in names if name != kept)
        findings.append(
            Finding(
                f'{" and ".join(names)} both provide {module}: what is imported is a mixture',
                f'python -m pip uninstall -y {others} && '
                f'python -m pip install --no-deps --force-reinstall {locked(kept)}',
            )
        )
    return findings


def check_python(version: tuple[int, ...] = sys.version_info[:2]) -> list[Finding]:
    """Compare the version of Python, the running one's by default, with those of the lock."""
    if (3, 11) <= version <= (3, 13):
        return []
    what = f'Python {version[0]}.{version[1]} runs, the locked environment needs 3.11 to 3.13'
    if (ROOT / 'Makefile').is_file():
        return [Finding(what, 'rm -rf .venv && make env PYTHON=python3.11')]
    return [Finding(what, 'python3.11 -m venv .venv, and install handbone there')]
