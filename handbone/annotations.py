"""The JSON of annotations in the hand-bone layout, as annotation tools and datasets read it."""

import json
from collections.abc import Iterable, Sequence

import numpy as np


def annotation_json(
    outlines: Iterable[tuple[str, np.ndarray]],
    stem: str,
    filename: str,
    height: int,
    width: int,
    unknown: Sequence[str] = (),
) -> bytes:
    """Write the polygons of an image as an annotation file.

    Args:
        outlines: Label and points (n, 2) of each polygon, x and y in pixels.
        stem: Name of the image without its suffix, from which the ids are made.
        filename: Name of the image file.
        height: Height of the image in pixels.
        width: Width of the image in pixels.
        unknown: Names of the classes of which nobody has said whether they are there.

    Returns:
        The content of the file.
    """
    document = {
        'annotations': [
            {
                'id': f'{stem}-{number}',
                'type': 'poly_seg',
                'attributes': {},
                'points': points.tolist(),
                'label': label,
            }
            for number, (label, points) in enumerate(outlines)
        ],
        'attributes': {'unknown_classes': list(unknown)} if unknown else {},
        'file_id': stem,
        'filename': filename,
        'metadata': {'height': height, 'width': width},
    }
    return json.dumps(document).encode()
