"""The table of trust is read as it is written, whatever the images are called."""

import numpy as np

from handbone.csv_files import csv_bytes
from handbone.outputs.trust_table import COLUMNS, read_trust_table


def test_rows_are_read_by_image_and_class(tmp_path):
    path = tmp_path / 'trust.csv'
    values = np.arange(4 * (len(COLUMNS) - 2)).reshape(2, 2, -1)
    images, classes = ['ID1/손.png', 'ID2/\udcbc\udcd5.png'], ['Radius', 'Ulna']
    rows = [
        (image, name, *values[i, k])
        for i, image in enumerate(images)
        for k, name in enumerate(classes)
    ]
    path.write_bytes(csv_bytes([COLUMNS, *rows]))
    read = read_trust_table(path)
    assert read[:2] == (images, classes)
    np.testing.assert_array_equal(read[2], values)
