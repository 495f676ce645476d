"""CSV files of masks, judged by Python's csv module and the definition of runs."""

import re
import unicodedata

import numpy as np

from handbone.scoring import evaluate
from handbone.submissions import read_submission, vote_submissions

from .csv_content import is_text, mutate_rows, parse, reading, table
from .harness import Target

CLASSES = ('Radius', 'Ulna', 'Lunate, left')
IMAGES = ('ID1/a.png', 'ID1/b "old".png', 'ID2/é.png')
HEIGHT, WIDTH = 6, 9
#: More pixels than any image has.
ENDLESS = 2**40


def masks(seed, image, class_index):
    """The runs of a mask, starts from 1."""
    random = np.random.default_rng((seed, image, class_index))
    flat = np.repeat(random.integers(0, 2, 18), 3)
    edges = np.flatnonzero(np.diff(flat, prepend=0, append=0))
    return ' '.join(str(number) for pair in edges.reshape(-1, 2) for number in _from_one(pair))


def _from_one(pair):
    return pair[0] + 1, pair[1] - pair[0]


def submission(seed=0, extra=False):
    rows = [
        [image, name, masks(seed, number, index)]
        for number, image in enumerate(IMAGES)
        for index, name in enumerate(CLASSES)
    ]
    header = ['image_name', 'class', 'rle']
    if extra:
        header, rows = ['note', *header], [['a "note"', *row] for row in rows]
    return table([header, *rows])


def submissions():
    return [submission(), submission(1, extra=True), b'\xef\xbb\xbf' + submission(2)]


def runs(rle, num_pixels):
    """Runs as pairs, None where the text holds none."""
    if not rle.isascii() or not re.fullmatch(r'\s*(\+?\d{1,18}(\s+|$))*', rle):
        return None
    numbers = [int(word) for word in rle.split()]
    pairs = list(zip(numbers[::2], numbers[1::2], strict=False))
    end = 0
    for start, length in pairs:
        if start <= end or length < 1:
            return None
        end = start + length - 1
    return pairs if len(numbers) % 2 == 0 and end <= num_pixels else None


def judge(path, num_pixels=ENDLESS, complete=True):
    """Runs by image and class in a file, None where it is not a sound submission."""
    parsed = parse(path)
    if parsed is None:
        return None
    header, rows = parsed
    columns = ('image_name', 'class', 'rle')
    if rows and not path.read_bytes().endswith((b'\n', b'\r')):
        return None  # runs that were cut off would still be runs
    if not is_text(*header) or any(header.count(column) != 1 for column in columns):
        return None
    found = {}
    for row in rows:
        image, name, rle = (row[header.index(column)] for column in columns)
        pairs = runs(rle, num_pixels)
        of_image = found.setdefault(image, {})
        if pairs is None or not image or not name or not is_text(name) or name in of_image:
            return None
        of_image[name] = pairs
    names = {unicodedata.normalize('NFC', image) for image in found}
    classes = {name for of_image in found.values() for name in of_image}
    if len(names) < len(found):
        return None
    whole = all(set(of_image) == classes for of_image in found.values())
    return found if whole or not complete else None


def check_masks(path, content):
    expected = judge(path)
    assert expected is not None, 'accepted though bad'
    header, rows = parse(path)
    order = list(dict.fromkeys(row[header.index('class')] for row in rows))
    found = {
        image: {
            name: [(start + 1, length) for start, length in of_class.tolist()]
            for name, of_class in zip(order, of_image, strict=True)
        }
        for image, of_image in content.items()
    }
    assert found == expected


def beside(path, content):
    other = path.with_name('sound.csv')
    if not other.exists():
        other.write_bytes(content)
    return other


def vote(path):
    out = path.with_name('voted.csv')
    vote_submissions([beside(path, submission(3)), path], out, num_pixels=HEIGHT * WIDTH)
    return read_submission(out)


def same_sets(path, complete):
    """The runs of a file of the images and classes of the sound one, None of another one."""
    found = judge(path, HEIGHT * WIDTH, complete)
    fits = found is not None and (
        {unicodedata.normalize('NFC', image) for image in found} == set(IMAGES)
        and {name for of_image in found.values() for name in of_image} == set(CLASSES)
    )
    return found if fits else None


def check_votes(path, content):
    """A pixel is in the vote of two files where it is in both."""
    found = same_sets(path, complete=False)
    assert found is not None, 'accepted though bad'
    found = {unicodedata.normalize('NFC', image): masks for image, masks in found.items()}
    for number, image in enumerate(IMAGES):
        for index, name in enumerate(CLASSES):
            pixels = [
                {pixel for start, length in pairs for pixel in range(start, start + length)}
                for pairs in (
                    runs(masks(3, number, index), HEIGHT * WIDTH),
                    found[image].get(name, []),
                )
            ]
            voted = {
                pixel + 1
                for start, length in content[image][index].tolist()
                for pixel in range(start, start + length)
            }
            assert voted == pixels[0] & pixels[1]


def score(path):
    sizes = dict(size=(HEIGHT, WIDTH), scores=['dice'])
    return evaluate(path, beside(path, submission(3)), **sizes).scores


def check_scores(path, content):
    found = same_sets(path, complete=True)
    assert found is not None, 'accepted though bad'
    assert len(content.images) == 3 and set(content.classes) == set(CLASSES)


TARGETS = [
    Target(
        'submission',
        '.csv',
        submissions,
        reading(read_submission, judge),
        check_masks,
        mutate_rows,
    ),
    Target(
        'vote',
        '.csv',
        submissions,
        reading(vote, lambda path: same_sets(path, complete=False)),
        check_votes,
        mutate_rows,
    ),
    Target(
        'evaluate',
        '.csv',
        submissions,
        reading(score, lambda path: same_sets(path, complete=True)),
        check_scores,
        mutate_rows,
    ),
]
