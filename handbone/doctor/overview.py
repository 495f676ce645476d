"""Tables about a dataset as a whole: its parts, its classes, what overlaps, what differs."""

from collections import Counter, defaultdict
from collections.abc import Collection

import numpy as np

from handbone.datasets.attribute_values import side_of
from handbone.pages.overview_table import OverviewTable

from .attribute_tables import differences, distributions, groups
from .dice_table import dice_table
from .examined import Examined
from .image_values import image_values

#: Overlaps below this share of the smaller class are not counted.
LEAST_OVERLAP = 0.01
#: Pairs that are listed.
MOST_PAIRS = 40


def overview(examined: Examined) -> tuple[OverviewTable, ...]:
    """Describe a dataset.

    Args:
        examined: The data.

    Returns:
        Tables of its parts, classes, overlaps, attributes and groups; of predictions, if they are
        known; of the differences between parts, if there are several.

    Raises:
        HandboneError: No patient of the data is in the table.
    """
    values = image_values(examined)
    tables = [_parts(examined), _classes(examined), _pairs(examined), differences(values)]
    tables += [distributions(values), groups(values), _agreement(examined), _worst(examined)]
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
            _range_of(patients.values()),
            f'{sides["R"]} / {sides["L"]}',
            f'{sizes[0]} ({sizes[1] / count:.0%})',
        )
        rows.append((cells, count / len(records)))
    columns = ('part', 'images', 'patients', 'images each', 'right / left', 'size', 'share')
    return OverviewTable('Parts', columns, tuple(rows))


def _range_of(counts: Collection[int]) -> str:
    low, high = min(counts), max(counts)
    return str(low) if low == high else f'{low} to {high}'


def _classes(examined: Examined) -> OverviewTable:
    survey = examined.survey
    known = survey.known.sum(axis=0)
    rows = []
    for index, name in enumerate(survey.classes):
        areas = survey.areas[survey.present[:, index], index]
        low, middle, high = np.percentile(areas, (5, 50, 95)) if len(areas) else (0, 0, 0)
        share = len(areas) / max(int(known[index]), 1)
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
        rows.append((cells, len(found) / int(survey.labelled.sum())))
    columns = ('class', 'and', 'images', 'median overlap', 'largest', 'share of images')
    return OverviewTable('Classes that overlap', columns, tuple(rows[:MOST_PAIRS]))


def _agreement(examined: Examined) -> OverviewTable:
    """Dice of each class between labels and predictions."""
    table = dice_table(examined.survey)
    rows = []
    for index, name in enumerate(table.classes):
        known = table.scores['dice'][:, index]
        known = known[np.isfinite(known)]
        if len(known):
            low, middle = np.percentile(known, (5, 50))
            rows.append(((name, str(len(known)), f'{low:.3f}', f'{middle:.3f}'), known.mean()))
    columns = ('class', 'images', '5 %', 'median', 'mean Dice')
    return OverviewTable('Labels and predictions', columns, tuple(rows))


def _worst(examined: Examined) -> OverviewTable:
    """The images whose labels and predictions agree least."""
    table = dice_table(examined.survey)
    rows = []
    means = table.image_means('dice')[:MOST_PAIRS].tolist()
    for image, scores, mean in zip(table.images, table.scores['dice'], means, strict=False):
        worst = int(np.nanargmin(scores))
        rows.append(((image, table.classes[worst], f'{scores[worst]:.3f}'), mean))
    columns = ('image', 'worst class', 'its Dice', 'mean Dice')
    return OverviewTable('Images that agree least', columns, tuple(rows))
