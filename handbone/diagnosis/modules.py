"""Checks of compiled modules that are installed but may not load."""

import subprocess
import sys
from importlib.util import find_spec

from .distributions import installed_version, locked
from .finding import Finding


def import_error(module: str) -> str | None:
    """Import a module in its own process, where even a crash does no harm.

    Args:
        module: its dotted name.

    Returns:
        None if it loads, else the last line of the error, or the exit status of a crash.
    """
    process = subprocess.run(
        [sys.executable, '-c', f'import {module}'], capture_output=True, text=True, check=False
    )
    if process.returncode == 0:
        return None
    lines = process.stderr.strip().splitlines()
    return lines[-1] if lines else f'exit status {process.returncode}'


def check_opencv() -> list[Finding]:
    """Find an OpenCV that is installed but does not import, as without libGL on a bare server."""
    if find_spec('cv2') is None:
        return []
    error = import_error('cv2')
    if error is None:
        return []
    if 'cannot open shared object file' not in error:
        fix = f'python -m pip install --no-deps --force-reinstall {locked("opencv-python")}'
        return [Finding(f'OpenCV does not load ({error})', fix)]
    headless = locked('opencv-python').replace('opencv-python', 'opencv-python-headless')
    return [
        Finding(
            f'OpenCV does not load: a system library is missing ({error})',
            'apt-get update && apt-get install -y libgl1 libglib2.0-0\n'
            'or, without administrator rights: python -m pip uninstall -y opencv-python && '
            f'python -m pip install --no-deps {headless}',
        )
    ]


def check_torchvision() -> list[Finding]:
    """Find a torchvision that was built for another torch.

    It is optional, but where it is installed and broken mmengine stops when it logs the
    environment, and mmseg cannot be imported if timm is there too.
    """
    torch_version = installed_version('torch')
    if torch_version is None or installed_version('torchvision') is None:
        return []
    error = import_error('torchvision')
    if error is None:
        return []
    return [
        Finding(
            f'torchvision {installed_version("torchvision")} does not load beside torch '
            f'{torch_version} ({error}); mmengine, timm and mmseg import it',
            _matching_torchvision(torch_version),
        )
    ]


def _matching_torchvision(torch_version: str) -> str:
    """Build the command that installs the torchvision of a torch version and build."""
    # torch 2.x and torchvision 0.(x + 15) are released together
    minor = int(torch_version.split('.')[1]) + 15
    command = f'python -m pip install --no-deps --force-reinstall "torchvision==0.{minor}.*"'
    build = torch_version.partition('+')[2]
    return f'{command} --index-url https://download.pytorch.org/whl/{build}' if build else command
