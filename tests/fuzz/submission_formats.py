"""CSV files of masks and of scores, judged by Python's csv module and the definition of runs."""

import csv
import io
import re
import unicodedata

import numpy as np

from handbone.errors import HandboneError
from handbone.scoring import evaluate
from handbone.submissions import read_submission, vote_submissions

from .harness import Target
from .mutations import mutate

CLASSES = ('Radius', 'Ulna', 'Lunate, left')
IMAGES = ('ID1/a.png', 'ID1/b "old".png', 'ID2/é.png')
HEIGHT, WIDTH = 6, 9
SCORES = ('dice', 'iou', 'hd95', 'surface_dice@2')
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


def table(rows):
    text = io.StringIO()
    csv.writer(text, lineterminator='\n').writerows(rows)
    return text.getvalue().encode()


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


def mutate_rows(data, random):
    """Damage bytes, or move, drop, repeat or quote whole rows and fields."""
    if random.integers(0, 2):
        return mutate(data, random)
    lines = data.split(b'\n')
    place, other = random.integers(0, len(lines), 2)
    kind = random.integers(0, 9)
    if kind == 0:
        lines.insert(place, b'')
    elif kind == 1:
        lines.insert(0, b'' if random.integers(0, 2) else b'  ')
    elif kind == 2:
        lines = lines[: random.integers(0, 2)]
    elif kind == 3:
        lines.insert(other, lines[place])
    elif kind == 4:
        lines[place], lines[other] = lines[other], lines[place]
    elif kind == 5:
        lines.pop(place)
    elif kind == 6:
        fields = lines[place].split(b',')
        random.shuffle(fields)
        lines[place] = b','.join(fields)
    elif kind == 7:
        lines[place] = b','.join(b'"%s"' % field for field in lines[place].split(b','))
    else:
        lines[place] = lines[place].replace(b' ', b'\t').replace(b'.', b'.\n', 1)
    return random.choice([b'\n', b'\r', b'\r\n']).join(lines)


def parse(path):
    """The header and the rows by Python's own reader, None where that refuses the file."""
    data = path.read_bytes()
    if b'\0' in data:
        return None
    text = io.StringIO(data.decode('utf-8-sig', 'surrogateescape'), newline='')
    try:
        header, *rows = csv.reader(text, strict=True)
    except (csv.Error, ValueError):
        return None
    rows = [row for row in rows if row]
    if not header or not rows or any(len(row) != len(header) for row in rows):
        return None
    return header, rows


def is_text(*cells):
    return not any(re.search('[\udc80-\udcff]', cell) for cell in cells)


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


def reading(read, is_sound):
    """Read; refusing a sound file is a fault."""

    def checked(path):
        try:
            return read(path)
        except HandboneError as error:
            assert not is_sound(path), f'refused though sound: {error}'
            raise

    return checked


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


def score_tables():
    random = np.random.default_rng(0)
    scores = random.random((3, 3, len(SCORES))).round(6)
    scores[0, 0, 2] = np.inf
    per_image = [
        [image, f'{of_image[:, 0].mean():.6f}', *of_image[:, 0]]
        for image, of_image in zip(IMAGES, scores, strict=True)
    ]
    rows = [
        [image, image[:3], name, *scores[number, index]]
        for number, image in enumerate(IMAGES)
        for index, name in enumerate(CLASSES)
    ]
    return [
        table([['image', 'mean', *CLASSES], *per_image]),
        table([['image', 'patient', 'class', *SCORES], *rows]),
    ]


def is_score(column, cell):
    """Whether a cell is a score of a column."""
    try:
        value = float(cell)
    except ValueError:
        return False
    highest = np.inf if column in ('hd95', 'assd') else 1 + 1e-6
    return '_' not in cell and -1e-6 <= value <= highest


def judge_scores(path):
    """Scores by image and class, None where the file is not a sound table."""
    parsed = parse(path)
    if parsed is None:
        return None
    header, rows = parsed
    cells = [cell for row in [header, *rows] for cell in row]
    if not is_text(*cells) or len(set(header)) < len(header) or not all(header):
        return None
    found = {}
    if header[:2] == ['image', 'mean'] and len(header) > 2:
        for row in rows:
            for name, cell in zip(header[2:], row[2:], strict=True):
                if not row[0] or not is_score('dice', cell) or (row[0], name) in found:
                    return None
                found[row[0], name] = [float(cell)]
        return found
    columns, patients = header[3:], {}
    known = all(
        re.fullmatch(r'dice|iou|precision|recall|hd95|assd|surface_dice(@.*)?', column)
        for column in columns
    )
    if header[:3] != ['image', 'patient', 'class'] or not columns or not known:
        return None
    for image, patient, name, *values in rows:
        sound = all(is_score(*pair) for pair in zip(columns, values, strict=True))
        same = patients.setdefault(image, patient) == patient
        if not image or not name or not sound or not same or (image, name) in found:
            return None
        found[image, name] = [float(value) for value in values]
    classes = {name for _, name in found}
    whole = all((image, name) in found for image in patients for name in classes)
    return found if whole else None


def check_score_table(path, content):
    expected = judge_scores(path)
    assert expected is not None, 'accepted though bad'
    assert {
        (image, name): [content.scores[column][row, index] for column in content.scores]
        for row, image in enumerate(content.images)
        for index, name in enumerate(content.classes)
    } == expected


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
    Target(
        'score-table',
        '.csv',
        score_tables,
        reading(lambda path: evaluate(path).scores, judge_scores),
        check_score_table,
        mutate_rows,
    ),
]
