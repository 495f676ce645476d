"""A long run takes no more memory than a short one."""

import sys

import pytest

from benchmarks.studies import prediction_memory

pytestmark = pytest.mark.slow


@pytest.mark.skipif(sys.platform != 'linux', reason='reads the memory from /proc')
def test_memory_stays_flat():
    resident = prediction_memory.measure(250, 256, ['csv'], batch_size=2)
    assert len(resident) == 250
    first, later = max(resident[:100]), max(resident[100:])
    assert later <= prediction_memory.TO_REACH * first
