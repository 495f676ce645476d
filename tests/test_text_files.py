"""Lists, tables and settings that were saved in the encoding of a Windows program."""

import json

import pytest

from handbone.configuration.config_file import read_config_file
from handbone.configuration.dumped_config import read_dumped_config
from handbone.configuration.search_space import read_search_space
from handbone.datasets.fold_file import folds_of
from handbone.datasets.formats.class_list import read_class_list
from handbone.datasets.repeat_factors import hard_factors
from handbone.datasets.unknown_names import read_unknown_file
from handbone.errors import HandboneError
from handbone.evaluation import read_thresholds
from handbone.evaluation.score_files import read_score_file
from handbone.inference.sources import listed_images
from handbone.metadata.patient_table import read_patient_table
from handbone.submissions.reading import read_submission
from handbone.submissions.vote_weights import read_class_weights
from handbone.text_files import read_text

BONE = '요골'
THRESHOLDS = json.dumps({BONE: 0.5}, ensure_ascii=False, indent=1)
LISTS_AND_TABLES = [
    ('images.txt', f'a.png\n{BONE}.png\n', lambda path: list(listed_images(path))),
    ('classes.txt', f'Ulna\n{BONE}\n', read_class_list),
    ('folds.csv', f'patient,fold\n{BONE},0\nb,1\n', lambda path: folds_of(path, [BONE, 'b'], 2)),
    ('hard.csv', f'image,mean\n{BONE},0.5\n', lambda path: hard_factors([BONE], path, 0.5, 2.0)),
    ('patients.csv', f'patient,age\n{BONE},30\n', read_patient_table),
    ('unknown.csv', f'image_name,class\na.png,{BONE}\n', lambda path: read_unknown_file(path, [])),
    ('scores.csv', f'image_name,Ulna\n{BONE}.png,1\n', read_score_file),
    ('masks.csv', f'image_name,class,rle\na.png,{BONE},1 2\n', read_submission),
    ('weights.yaml', f'Ulna: [1, 2]\n{BONE}: [1, 2]\n', read_class_weights),
    ('space.yaml', f'size: {{choices: [1, 2]}}\n# {BONE}\n', read_search_space),
    ('space.py', f'size = 1\n# {BONE}\n', read_search_space),
    ('config.py', f'size = 1\n# {BONE}\n', read_config_file),
    ('dumped.py', f'size = 1\n# {BONE}\n', read_dumped_config),
]
#: What is read in UTF-16 as well.
JSON = ('thresholds.json', THRESHOLDS, lambda path: read_thresholds(path, [BONE]))


@pytest.mark.parametrize(
    ('name', 'text', 'read'),
    [*LISTS_AND_TABLES, JSON],
    ids=lambda value: value if isinstance(value, str) and '\n' not in value else '',
)
def test_korean_windows(tmp_path, name, text, read):
    """One error with file, line and remedy."""
    path = tmp_path / name
    path.write_bytes(text.encode('cp949'))
    with pytest.raises(HandboneError, match=r'(?i)save (it|the file) as .*UTF-8') as caught:
        read(path)
    assert str(path) in str(caught.value) and 'line 2' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('encoding', ['utf-16', 'utf-16-le'])
@pytest.mark.parametrize(
    ('name', 'text', 'read'),
    LISTS_AND_TABLES,
    ids=lambda value: value if isinstance(value, str) and '\n' not in value else '',
)
def test_unicode_of_windows(tmp_path, name, text, read, encoding):
    """With a byte-order mark or without."""
    path = tmp_path / name
    path.write_bytes(text.encode(encoding))
    with pytest.raises(HandboneError, match='UTF-8') as caught:
        read(path)
    assert str(path) in str(caught.value) and '\n' not in str(caught.value)


def test_thresholds_in_utf_16(tmp_path):
    path = tmp_path / 'thresholds.json'
    path.write_bytes(THRESHOLDS.encode('utf-16'))
    assert read_thresholds(path, [BONE]) == (0.5,)


def test_a_config_whose_base_is_not_utf_8(tmp_path):
    (tmp_path / 'base.py').write_bytes(f'size = 1\n# {BONE}\n'.encode('cp949'))
    path = tmp_path / 'mine.py'
    path.write_text(f"_base_ = ['base.py']\n# {BONE}\n", encoding='utf-8')
    with pytest.raises(HandboneError, match=f'{path}: line 2 of a base of it is not a text in UTF'):
        read_config_file(path)


@pytest.mark.parametrize('mark', ['', '\ufeff'])
def test_line_ends_are_kept_and_a_mark_is_not(tmp_path, mark):
    path = tmp_path / 'text.txt'
    path.write_bytes(f'{mark}{BONE}\r\n'.encode())
    assert read_text(path) == f'{BONE}\r\n'
