"""A few hundred mutated files per format; ``python -m tests.fuzz --count N`` reads thousands."""

import pytest

from tests.fuzz.harness import run
from tests.fuzz.targets import all_targets

COUNT = 300


@pytest.mark.parametrize('target', all_targets(), ids=lambda target: target.name)
def test_mutated_files_are_refused_clearly_or_read_rightly(target, tmp_path):
    report = run(target, COUNT, tmp_path)
    assert not report.faults, '\n'.join(f'{index}: {fault}' for index, fault in report.faults[:5])
    assert report.refused  # mutations that break nothing would test nothing
