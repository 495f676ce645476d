"""Images from which the ranges of quantised activations are taken."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
from mmseg.registry import TRANSFORMS

from handbone.errors import HandboneError
from handbone.listing import files_below
from handbone.radiographs.reading import SUFFIXES

from .preprocessing import Preprocessing

#: More images hardly change the ranges.
MOST_IMAGES = 64


def calibration_images(folder: str | Path) -> list[Path]:
    """Find the images to calibrate with.

    Args:
        folder: A folder with radiographs, at any depth.

    Returns:
        At most :data:`MOST_IMAGES` paths, spread evenly over the sorted folder.

    Raises:
        HandboneError: If there are no images.
    """
    files = [path for path in files_below(Path(folder)) if path.suffix.lower() in SUFFIXES]
    if not files:
        raise HandboneError(
            f'--calibration: there is no image ({", ".join(SUFFIXES)}) in {folder}; give a folder '
            'with some dozens of training images'
        )
    places = np.linspace(0, len(files) - 1, min(MOST_IMAGES, len(files)))
    return [files[place] for place in places.round().astype(int)]


def calibration_inputs(
    files: list[Path], preprocessing: Preprocessing
) -> Iterator[dict[str, np.ndarray]]:
    """Read and prepare images one by one.

    Args:
        files: Radiographs.
        preprocessing: Sizes of the graph.

    Yields:
        Inputs of the graph by name.
    """
    color_type = 'color' if preprocessing.color else 'grayscale'
    settings = dict(window=preprocessing.window, color_type=color_type)
    load = TRANSFORMS.build(dict(type='LoadRadiograph', **settings))
    for path in files:
        image = load(dict(img_path=str(path)))['img']
        yield dict(
            images=preprocessing.prepare(image)[None],
            content=np.array(preprocessing.content(*image.shape[:2]), np.int64),
            # packing is not calibrated
            size=np.array([1, 1], np.int64),
        )
