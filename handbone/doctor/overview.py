"""Tables about a dataset as a whole: its parts, its classes, what overlaps, what differs."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handbone.datasets.attribute_values import side_of
from handbone.metadata.patient_table import PatientTable, is_number

from .examined import Examined

#: Overlaps below this share of the smaller class are not counted.
LEAST_OVERLAP = 0.01
#: Pairs that are listed.
MOST_PAIRS = 40
#: Images of each part that a comparison takes.
FEWEST_IMAGES = 5
#: Columns of words with more different ones are not listed.
MOST_WORDS = 12


@dataclass(frozen=True)
class OverviewTable:
    """A table.

    Attributes:
        title: What it is about.
        columns: Its columns; the last one is a number from 0 to 1 that is drawn as a bar.
        rows: Text of each cell but the last, and the number.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], float], ...]


def overview(examined: Examined, patients: PatientTable | None = None) -> tuple[OverviewTable, ...]:
    """Describe a dataset.

    Args:
        examined: The data.
        patients: What is known of the patients.

    Returns:
        Tables of its parts, classes and overlaps; of the patients and of predictions, if they are
        known; of the differences between parts, if there are several.

    Raises:
        HandboneError: No patient of the data is in the table.
    """
    numbers, words = _columns(examined, patients)
    tables = [_parts(examined), _classes(examined), _pairs(examined)]
    tables += [_patients(examined, numbers, words), _differences(examined, numbers)]
    tables += [_agreement(examined), _worst(examined)]
    return tuple(table for table in tables if table.rows)


def _parts(examined: Examined) -> OverviewTable:
    records = examined.survey.records
    rows = []
    for split, count in Counter(record.split for record in records).items():
        own = [record for record in records if record.split == split]
        patients = Counter(record.patient for record in own)
        sides = Counter(side_of(record.name) for record in own)
        sizes = Counter(f'{record.height} x {record.width}' for record in own).most_common(1)[0]
        cells = (
            split,
            str(count),
            str(len(patients)),
            f'{min(patients.values())} to {max(patients.values())}',
            f'{sides["R"]} / {sides["L"]}',
            f'{sizes[0]} ({sizes[1] / count:.0%})',
        )
        rows.append((cells, count / len(records)))
    columns = ('part', 'images', 'patients', 'images each', 'right / left', 'size', 'share')
    return OverviewTable('Parts', columns, tuple(rows))


def _classes(examined: Examined) -> OverviewTable:
    survey = examined.survey
    rows = []
    for index, name in enumerate(survey.classes):
        areas = survey.areas[survey.present[:, index], index]
        low, middle, high = np.percentile(areas, (5, 50, 95)) if len(areas) else (0, 0, 0)
        share = len(areas) / max(len(survey.records), 1)
        cells = (name, str(len(areas)), f'{low:.0f}', f'{middle:.0f}', f'{high:.0f}')
        rows.append((cells, share))
    columns = ('class', 'images', 'area 5 %', 'median', 'area 95 %', 'share of images')
    return OverviewTable('Classes', columns, tuple(rows))


def _pairs(examined: Examined) -> OverviewTable:
    survey = examined.survey
    shares: dict[tuple[int, int], list[float]] = defaultdict(list)
    for record in survey.records:
        for first, second, share in record.classes.overlaps.tolist():
            if share >= LEAST_OVERLAP:
                shares[int(first), int(second)].append(share)
    rows = []
    for (first, second), found in sorted(shares.items(), key=lambda each: -len(each[1])):
        names = survey.classes[first], survey.classes[second]
        cells = (*names, str(len(found)), f'{np.median(found):.1%}', f'{max(found):.1%}')
        rows.append((cells, len(found) / len(survey.records)))
    columns = ('class', 'and', 'images', 'median overlap', 'largest', 'share of images')
    return OverviewTable('Classes that overlap', columns, tuple(rows[:MOST_PAIRS]))


def _agreement(examined: Examined) -> OverviewTable:
    """Dice of each class between labels and predictions."""
    scores = _scores(examined)
    rows = []
    for index, name in enumerate(examined.survey.classes if len(scores) else ()):
        known = scores[np.isfinite(scores[:, index]), index]
        if len(known):
            low, middle = np.percentile(known, (5, 50))
            rows.append(((name, str(len(known)), f'{low:.3f}', f'{middle:.3f}'), known.mean()))
    columns = ('class', 'images', '5 %', 'median', 'mean Dice')
    return OverviewTable('Labels and predictions', columns, tuple(rows))


def _worst(examined: Examined) -> OverviewTable:
    """The images whose labels and predictions agree least."""
    records = [record for record in examined.survey.records if record.agreement is not None]
    scores = _scores(examined)
    rows = []
    for record, row in zip(records, scores, strict=True):
        if np.isfinite(row).any():
            worst = int(np.nanargmin(row))
            cells = (record.key, examined.survey.classes[worst], f'{row[worst]:.3f}')
            rows.append((cells, float(np.nanmean(row))))
    rows.sort(key=lambda each: each[1])
    columns = ('image', 'worst class', 'its Dice', 'mean Dice')
    return OverviewTable('Images that agree least', columns, tuple(rows[:MOST_PAIRS]))


def _scores(examined: Examined) -> np.ndarray:
    """Dice (n, C) of the images with a prediction."""
    found = [each.agreement.dice for each in examined.survey.records if each.agreement]
    return np.stack(found).astype(np.float64) if found else np.zeros((0, 0))


Values = Mapping[str, np.ndarray]


def _columns(examined: Examined, patients: PatientTable | None) -> tuple[Values, Values]:
    """Columns of a table by name, (N,): numbers, NaN where not known, and words, else empty."""
    names = [record.patient for record in examined.survey.records]
    numbers, words = {}, {}
    for column in patients.columns if patients else ():
        values = patients.values(column, names) if patients else []
        if any(values) and all(is_number(value) for value in values if value):
            numbers[column] = np.array([float(value or 'nan') for value in values])
        elif len(set(values)) <= MOST_WORDS:
            words[column] = np.array(values)
    return numbers, words


def _patients(examined: Examined, numbers: Values, words: Values) -> OverviewTable:
    """Describe the patients of each part: medians of numbers, shares of words, per image."""
    of_image = np.array([record.split for record in examined.survey.records])
    rows = []
    for split in dict.fromkeys(of_image.tolist()):
        inside = of_image == split
        for name, values in numbers.items():
            known = values[inside & np.isfinite(values)]
            if len(known):
                low, middle, high = np.percentile(known, (5, 50, 95))
                text = f'{middle:g} ({low:g} to {high:g})'
                rows.append(((split, name, text, str(len(known))), len(known) / inside.sum()))
        for name, values in words.items():
            for value, count in Counter(values[inside].tolist()).most_common():
                rows.append(((split, name, value or '-', str(count)), count / inside.sum()))
    columns = ('part', 'attribute', 'value, or median (5 to 95 %)', 'images', 'share of images')
    return OverviewTable('Patients', columns, tuple(rows))


def _differences(examined: Examined, numbers: Values) -> OverviewTable:
    """Compare the first part with each other one, attribute by attribute."""
    from scipy.stats import ks_2samp

    splits = list(dict.fromkeys(record.split for record in examined.survey.records))
    of_image = np.array([record.split for record in examined.survey.records])
    rows = []
    for other in splits[1:]:
        for name, values in (*_attributes(examined).items(), *numbers.items()):
            both = [values[(of_image == each) & np.isfinite(values)] for each in (splits[0], other)]
            if min(map(len, both)) < FEWEST_IMAGES:
                continue
            distance = float(ks_2samp(*both).statistic)
            medians = (f'{np.median(each):.3g}' for each in both)
            rows.append(((name, f'{splits[0]} and {other}', *medians), distance))
    rows.sort(key=lambda each: -each[1])
    columns = ('attribute', 'parts', 'median', 'median of the other', 'largest distance of shares')
    return OverviewTable('What differs between parts', columns, tuple(rows))


def _attributes(examined: Examined) -> Mapping[str, np.ndarray]:
    """Numbers (N,) about images by name, NaN where they are not known."""
    records, survey = examined.survey.records, examined.survey
    found: dict[str, Sequence[float] | np.ndarray] = {
        'height': [record.height for record in records],
        'width': [record.width for record in records],
        'classes': survey.present.sum(axis=1),
        'labelled share': [
            record.classes.areas.sum() / (record.height * record.width) for record in records
        ],
        'dark end': [record.pixels.low if record.pixels else np.nan for record in records],
        'bright end': [record.pixels.high if record.pixels else np.nan for record in records],
    }
    if examined.aligned is not None:
        scales, matrices = examined.aligned.scales, examined.aligned.matrices
        found['size of the labelled structure'] = scales / [
            max(record.height, record.width) for record in records
        ]
        found['mirrored'] = examined.aligned.mirrored.astype(float)
        found['turn in degrees'] = np.degrees(np.arctan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
        if examined.model is not None:
            distances = np.full(len(records), np.nan)
            for shape in examined.shapes:
                distances[shape.row] = np.nanmedian(shape.distances)
            found['how unusual the places are'] = distances
    return {name: np.asarray(values, np.float64) for name, values in found.items()}
