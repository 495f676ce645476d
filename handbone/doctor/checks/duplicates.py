"""The same image twice: exactly, nearly, at another size, or mirrored."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from functools import lru_cache

import cv2
import numpy as np

from handbone.progress import progress_bar
from handbone.radiographs import RadiographError
from handbone.radiographs.image_reading import read_image

from ..examined import Examined
from ..finding import Finding
from ..image_record import ImageRecord
from ..pixel_measures import THUMBNAIL, grey_image, thumbnail_of

#: Correlation of thumbnails without their coarse structure from which a pair is looked at again.
CANDIDATE = 0.85
#: The same of larger pictures of both, from which they are duplicates.
DUPLICATE = 0.8
#: Side of the larger pictures, and width of what is taken for coarse structure, in their pixels.
PICTURE, COARSE = 96, 2.0
#: Fine structure is clipped at this many times what nine tenths of it do not exceed.
CLIPPED = 2.0
#: Images that are compared with all others at a time.
BLOCK = 256
#: Larger pictures that are kept.
MOST_PICTURES = 1024
#: Pairs kept and looked at again per image; an image like very many others is no duplicate of all
#: of them.
MOST_PAIRS = 8


def check_duplicates(examined: Examined) -> Iterator[Finding]:
    """Report images that are in the data twice, within and across splits.

    Args:
        examined: The data.

    Yields:
        ``duplicate``, one per image that repeats an earlier one.
    """
    records = [record for record in examined.survey.records if record.pixels is not None]
    first: dict[bytes, ImageRecord] = {}
    different = []
    for record in records:
        assert record.pixels is not None
        known = first.setdefault(record.pixels.digest, record)
        if known is record:
            different.append(record)
        else:
            yield _finding(record, known, 'its pixels are those of', 1.0)
    yield from _near(different)


def _near(records: list[ImageRecord]) -> Iterator[Finding]:
    """Compare thumbnails of all pairs, then larger pictures of those that are alike."""
    if len(records) < 2:
        return
    # the last images that were looked at again, which others may be like
    picture = lru_cache(MOST_PICTURES)(lambda number: _picture(records[number]))
    for later, candidates in progress_bar(_alike(records).items(), 'Comparing again'):
        for _, earlier, mirrored in candidates:
            alike = _correlation(picture(later), picture(earlier), mirrored)
            if alike > DUPLICATE:
                reason = _difference(records[later], records[earlier], mirrored)
                yield _finding(records[later], records[earlier], reason, min(alike, 0.99))
                break


def _alike(records: Sequence[ImageRecord]) -> dict[int, list[tuple[float, int, bool]]]:
    """Find pairs of images whose thumbnails are alike.

    Only one vector per image is in memory, 4 kB, its pairs, and what one block needs.

    Returns:
        By the number of the later image: correlation, number of the earlier one, whether mirrored,
        of the :data:`MOST_PAIRS` that are most alike, these first.
    """
    vectors = np.zeros((len(records), THUMBNAIL**2), np.float32)
    pairs: dict[int, list[tuple[float, int, bool]]] = defaultdict(list)
    for start in _blocks(len(records)):
        block = records[start : start + BLOCK]
        thumbnails = np.stack([record.pixels.thumbnail for record in block if record.pixels])
        end = start + len(block)
        vectors[start:end] = _fine_structure(thumbnails)
        for mirrored in (False, True):
            rows = _fine_structure(thumbnails[:, :, ::-1]) if mirrored else vectors[start:end]
            alike = rows @ vectors[:end].T
            for row in np.flatnonzero((alike > CANDIDATE).any(axis=1)).tolist():
                later = start + row
                # a pair once: the later image against the earlier one
                pairs[later] += [
                    (float(alike[row, other]), other, mirrored)
                    for other in _most_alike(alike[row, :later])
                ]
        for later in range(start, end):
            if later in pairs:
                pairs[later] = sorted(pairs[later], reverse=True)[:MOST_PAIRS]
    return pairs


def _blocks(count: int) -> Iterator[int]:
    """Give the first image of each block; each takes as long as there are images up to its end."""
    total = count * (count + 1) // 2
    with progress_bar(description='Comparing images', total=total, unit='pair') as compared:
        for start in range(0, count, BLOCK):
            yield start
            end = min(start + BLOCK, count)
            compared.update(end * (end + 1) // 2 - start * (start + 1) // 2)


def _most_alike(alike: np.ndarray) -> list[int]:
    """Numbers of the images whose correlation, (n,), is highest, and high enough."""
    found = np.flatnonzero(alike > CANDIDATE)
    if len(found) > MOST_PAIRS:
        found = found[np.argpartition(alike[found], -MOST_PAIRS)[-MOST_PAIRS:]]
    chosen: list[int] = found.tolist()
    return chosen


def _fine_structure(pictures: np.ndarray) -> np.ndarray:
    """Pictures (N, T, T) without coarse structure, as vectors (N, T * T) of length 1."""
    fine = np.stack(
        [each - cv2.GaussianBlur(each, (0, 0), COARSE) for each in pictures.astype(np.float32)]
    ).reshape(len(pictures), -1)
    # edges of black bars and burnt-in marks are many times stronger than what they are laid over
    limit = CLIPPED * np.quantile(np.abs(fine), 0.9, axis=1, keepdims=True)
    fine = np.clip(fine, -limit, limit)
    fine -= fine.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(fine, axis=1, keepdims=True)
    vectors: np.ndarray = fine / np.maximum(lengths, 1e-6)
    vectors[lengths[:, 0] < 1] = 0  # an empty image is like no other
    return vectors


def _correlation(later: np.ndarray | None, earlier: np.ndarray | None, mirrored: bool) -> float:
    """Correlate larger pictures of two images; those that are gone are like no other."""
    if later is None or earlier is None:
        return 0.0
    first, second = _fine_structure(np.stack([later[:, ::-1] if mirrored else later, earlier]))
    return float(first @ second)


def _picture(record: ImageRecord) -> np.ndarray | None:
    try:
        return thumbnail_of(grey_image(read_image(record.path)), PICTURE)
    except (RadiographError, OSError):
        return None


def _difference(record: ImageRecord, other: ImageRecord, mirrored: bool) -> str:
    same_size = (record.height, record.width) == (other.height, other.width)
    changes = [*(['mirrored'] if mirrored else []), *([] if same_size else ['at another size'])]
    return f'it is, {" and ".join(changes) or "nearly"}, the image'


def _finding(record: ImageRecord, other: ImageRecord, reason: str, confidence: float) -> Finding:
    across = '' if record.split == other.split else f' of {other.split}'
    text = f'{reason} {other.name}{across}'
    place = record.split, record.name
    return Finding('duplicate', *place, '', text, round(confidence, 2), None, other.key)
