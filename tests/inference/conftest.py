"""A folder of small images."""

import cv2
import numpy as np
import pytest
from prediction_run import contents, run


@pytest.fixture
def images(tmp_path):
    """Six images of three patients, of three sizes, one of them no image."""
    folder = tmp_path / 'images'
    noise = np.random.default_rng(0)
    for index in range(6):
        path = folder / f'ID{index // 2}' / f'hand{index}.png'
        path.parent.mkdir(parents=True, exist_ok=True)
        size = (24 + 8 * (index % 3), 40)
        cv2.imwrite(str(path), noise.integers(0, 256, size).astype(np.uint8))
    (folder / 'ID1' / 'hand2.png').write_text('no image')
    (folder / 'notes.txt').write_text('not looked at')
    return folder


@pytest.fixture
def whole(images, tmp_path):
    """What an uninterrupted run writes."""
    run(images, tmp_path / 'whole')
    return contents(tmp_path / 'whole')
