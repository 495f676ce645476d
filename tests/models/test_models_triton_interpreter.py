"""The tests of the Triton kernels without a GPU, by Triton's interpreter."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


def test_kernels_by_the_interpreter():
    """In a process of its own: Triton is interpreted from its import on, or not at all."""
    pytest.importorskip('triton', reason='Triton is not installed')
    tests = Path(__file__).with_name('test_models_triton_loss.py')
    done = subprocess.run(
        [sys.executable, '-m', 'pytest', '-q', '-p', 'no:cacheprovider', str(tests)],
        env=os.environ | {'TRITON_INTERPRET': '1', 'CUDA_VISIBLE_DEVICES': ''},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    assert ' passed' in done.stdout
