"""Reading submission files, good and bad."""

import csv

import numpy as np
import pandas as pd
import pytest

from handbone.submissions import SubmissionRows, read_submission, vote_submissions
from handbone.submissions.rle_rows import rle_rows

HEADER = 'image_name,class,rle\n'
CLASSES = ('Radius', 'Ulna')


@pytest.fixture
def write(tmp_path):
    def write_text(text):
        path = tmp_path / 'submission.csv'
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write_text


def test_runs_come_in_class_order_with_starts_from_zero(write):
    path = write(HEADER + 'b.png,Ulna,1 3 10 1\nb.png,Radius,\na.png,Radius,7 2\na.png,Ulna,5 1\n')
    masks = read_submission(path, CLASSES, num_pixels=10)
    assert list(masks) == ['b.png', 'a.png']
    assert [runs.tolist() for runs in masks['b.png']] == [[], [[0, 3], [9, 1]]]
    assert [runs.tolist() for runs in masks['a.png']] == [[[6, 2]], [[4, 1]]]
    assert masks['b.png'][0].dtype == np.int64
    assert masks['b.png'][0].shape == (0, 2)


def test_a_file_that_pandas_wrote(tmp_path):
    frame = pd.DataFrame(
        {
            'rle': ['1 2', None],
            'image_name': ['a, b.png', 'a, b.png'],
            'note': ['x', 'y'],
            'class': ['Radius', 'Ulna'],
        }
    )
    path = tmp_path / 'submission.csv'
    frame.to_csv(path, index=False)
    masks = read_submission(path)
    assert [runs.tolist() for runs in masks['a, b.png']] == [[[0, 2]], []]


def test_an_rle_longer_than_the_csv_module_takes_by_default(write):
    rle = ' '.join(f'{start} 1' for start in range(1, 200_001, 4))
    assert len(rle) > 131_072
    masks = read_submission(write(f'{HEADER}a.png,Radius,{rle}\n'))
    assert len(masks['a.png'][0]) == 50_000


def test_byte_order_mark_and_windows_line_ends(write):
    masks = read_submission(write(b'\xef\xbb\xbfimage_name,class,rle\r\na.png,Radius,1 2\r\n'))
    assert masks['a.png'][0].tolist() == [[0, 2]]


def test_line_ends_of_old_macs(write):
    path = write(HEADER.replace('\n', '\r') + 'a.png,Radius,1 2\rb.png,Radius,"5\t1"\r')
    masks = read_submission(path)
    assert [runs[0].tolist() for runs in masks.values()] == [[[0, 2]], [[4, 1]]]
    with pytest.raises(ValueError, match='line 3: bad RLE'):
        read_submission(path, num_pixels=3)


NAMES = ('two\nlines.png', 'old\rmac.png', 'a, "b".png', 'b\udce9ta.png', 'é.png', '"', ' x ')


@pytest.mark.parametrize('name', NAMES)
def test_any_name_that_a_file_can_have_is_read_back(write, name):
    path = write(HEADER.encode() + rle_rows(name, CLASSES, np.array([[1, 3]], np.int32)))
    assert {
        key: [runs.tolist() for runs in value] for key, value in read_submission(path).items()
    } == {name: [[[0, 2]], [[1, 1]]]}
    with path.open(newline='', errors='surrogateescape') as file:
        assert [row[0] for row in csv.reader(file)] == ['image_name', name, name]
    with SubmissionRows(path) as rows:
        assert rows.copy(name) == path.read_bytes().removeprefix(HEADER.encode())
    other = path.with_name('other.csv')
    other.write_bytes(path.read_bytes())
    vote_submissions([path, other], path.with_name('voted.csv'))
    assert path.with_name('voted.csv').read_bytes() == path.read_bytes()


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'line 1: the file is empty\. The first line must be the header'),
        ('\n' + HEADER + 'a.png,Radius,1 2\n', r'line 1: the first line is empty'),
        (HEADER, r'line 1: there is no row below the header'),
        ('image_name,class,rle,rle\na.png,Radius,1 2,\n', r'line 1: the header .* has twice rle'),
        ('a.png,Radius,1 2\n', r'line 1: the header .* lacks image_name, class, rle'),
        ('image_name,rle\na.png,1 2\n', r'line 1: .* lacks class\. .*must be image_name,class,rle'),
        (HEADER + 'a.png,Radius,1 2 3\n', r'line 2: bad RLE .*odd'),
        (HEADER + 'a.png,Radius,1 2\na.png,Ulna,1 5 4 2\n', r"line 3: bad RLE .*'Ulna'"),
        (HEADER + 'a.png,Radius,9 3\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,-3 2\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,0 2\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,1 0\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,5 1 1 1\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,1 two\n', r'line 2: bad RLE'),
        (HEADER + 'a.png,Radius,1 99999999999999999999999\n', r'line 2: bad RLE'),
        (HEADER + ',Radius,1 2\n', r'line 2: the image has no name'),
        (HEADER + 'a.png,,1 2\n', r'line 2: the class has no name'),
        (
            HEADER + 'a.png,Femur,1 2\n',
            r"line 2: unknown class 'Femur'\. Use one of 'Radius', 'Ulna'",
        ),
        (HEADER + 'a.png,Radius,\na.png,Radius,1 2\n', r'line 3: second row .*Keep one row'),
        (HEADER + 'a.png,Radius,1 2\n', r"image 'a.png' has no row of class 'Ulna'\. .*empty rle"),
        (HEADER + 'a.png,Radius,\na.png,Ul', r'line 3: 2 fields where the header has 3.*cut off'),
        (HEADER + 'a.png,Radius,"1 2\n', r'line 2: not a line of CSV'),
        (HEADER.encode() + b'a.png,Radius,\xff\xfe\n', r'line 2: bad RLE .*other characters'),
        (HEADER.encode() + b'a.png,R\xe9,\n', r'line 2: not a text in UTF-8'),
        (HEADER + 'a.png,Radius,1 2\0\n', r'line 2: the line holds NUL bytes'),
        ((HEADER + 'a.png,Radius,1 2\n').encode('utf-16'), r'line 1: the file is UTF-16'),
    ],
)
def test_bad_files_name_file_line_and_remedy(write, text, message):
    path = write(text)
    with pytest.raises(ValueError, match=message) as caught:
        read_submission(path, CLASSES, num_pixels=10)
    assert str(caught.value).startswith(str(path))


def test_sizes_by_image(write):
    path = write(HEADER + 'a.png,Radius,9 2\nb.png,Radius,9 2\n')
    assert len(read_submission(path, num_pixels={'a.png': 10, 'b.png': 10})) == 2
    with pytest.raises(ValueError, match='line 3: bad RLE'):
        read_submission(path, num_pixels={'a.png': 10, 'b.png': 9})
    with pytest.raises(ValueError, match="line 3: unknown image 'b.png'"):
        read_submission(path, num_pixels={'a.png': 10})


def test_missing_file(tmp_path):
    with pytest.raises(FileNotFoundError, match='none.csv'):
        read_submission(tmp_path / 'none.csv')
