"""The studies of the doctor, and the names in its tables of results."""

from pathlib import Path

from benchmarks.studies.doctor import OF_HANDS
from benchmarks.studies.doctor_reading import processor_seconds
from benchmarks.studies.wrist_bend import called
from handbone.phantom.faults import FAULTS

RESULTS = Path(__file__).resolve().parents[2] / 'docs/results.md'


def test_the_tables_of_results_name_faults_as_the_study_prints_them():
    section = RESULTS.read_text(encoding='utf-8').partition('\n## The doctor\n')[2]
    tables = section.partition('\n## ')[0].split('| fault |')[1:]
    rows = [
        [
            line.split(' | ')[0].removeprefix('| ')
            for line in table.splitlines()[2:]
            if line[:1] == '|'
        ]
        for table in tables
    ]
    kinds = ['none', *FAULTS]
    assert rows == [kinds, [kind for kind in kinds if kind not in OF_HANDS]]


def test_every_image_is_timed(phantom_root):
    decoding, measuring = processor_seconds(phantom_root / 'train', passes=1)
    assert decoding.shape == measuring.shape == (1, 12)
    assert decoding.min() > 0 and (measuring > decoding).mean() > 0.5


def test_wrists_are_drawn_and_called_bent_and_upright():
    found = called(24, seed=0, size=512)
    assert {drawn for drawn, _ in found} == {True, False}
    assert sum(drawn == answer for drawn, answer in found) >= 20
