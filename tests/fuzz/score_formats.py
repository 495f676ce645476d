"""CSV files of scores, judged by Python's csv module and float."""

import re

import numpy as np

from handbone.scoring import evaluate

from .csv_content import is_text, mutate_rows, parse, reading, table
from .harness import Target

CLASSES = ('Radius', 'Ulna', 'Lunate, left')
IMAGES = ('ID1/a.png', 'ID1/b "old".png', 'ID2/é.png')
SCORES = ('dice', 'iou', 'hd95', 'surface_dice@2')


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
        table(
            [
                ['image', 'patient', 'mean', *CLASSES],
                *([row[0], row[0][:3], *row[1:]] for row in per_image),
            ]
        ),
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
    first = next(
        (
            len(keys)
            for keys in (['image', 'mean'], ['image', 'patient', 'mean'])
            if header[: len(keys)] == keys
        ),
        0,
    )
    if first and len(header) > first:
        for row in rows:
            for name, cell in zip(header[first:], row[first:], strict=True):
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
        'score-table',
        '.csv',
        score_tables,
        reading(lambda path: evaluate(path).scores, judge_scores),
        check_score_table,
        mutate_rows,
    ),
]
