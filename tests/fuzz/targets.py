"""All formats that are fuzzed; each module ``*_formats.py`` beside this one has a list TARGETS."""

import importlib
from pathlib import Path

from .harness import Target


def all_targets() -> list[Target]:
    """List the targets of all formats, in the order of their names."""
    modules = sorted(path.stem for path in Path(__file__).parent.glob('*_formats.py'))
    targets = [
        target
        for module in modules
        if not module.startswith('test_')
        for target in importlib.import_module(f'tests.fuzz.{module}').TARGETS
    ]
    return sorted(targets, key=lambda target: target.name)
