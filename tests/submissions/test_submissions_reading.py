"""Reading submission files, good and bad."""

import numpy as np
import pandas as pd
import pytest

from handbone.submissions import read_submission

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


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', r'line 1: the header .* lacks image_name, class, rle'),
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
        (HEADER + 'a.png,Femur,1 2\n', r"line 2: unknown class 'Femur'\. Use one of Radius, Ulna"),
        (HEADER + 'a.png,Radius,\na.png,Radius,1 2\n', r'line 3: second row .*Keep one row'),
        (HEADER + 'a.png,Radius,1 2\n', r"image 'a.png' has no row of class Ulna\. .*empty rle"),
        (HEADER + 'a.png,Radius,\na.png,Ul', r'line 3: 2 fields where the header has 3.*cut off'),
        (HEADER + 'a.png,Radius,"1 2\n', r'line .: not a CSV text'),
        (HEADER.encode() + b'a.png,Radius,\xff\xfe\n', r'line 1: not a CSV text in UTF-8'),
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
