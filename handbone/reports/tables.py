"""Tables of a report: scores by class and image, and differences."""

import numpy as np

from handbone.evaluation.score_names import column_title
from handbone.evaluation.score_table import Part, ScoreTable
from handbone.pages.overview_table import OverviewTable
from handbone.scoring.score_comparison import difference

#: Steps of the histogram of scores, from 0 to 1.
STEPS = 20


def class_table(table: ScoreTable) -> OverviewTable:
    """Tabulate the mean of every score by class and group, with the spread of the first one.

    Args:
        table: The scores.

    Returns:
        The table; its last column is the histogram of the first score from 0 to 1, where it is one
        of these.
    """
    titles = [column_title(column, table.unit) for column in table.scores]
    rows = []
    for part in table.parts:
        means = tuple(_text(table.mean(column, part)) for column in table.scores)
        values = table.part_scores(table.ranking, part).ravel()
        lowest = _text(float(np.nanmin(values))) if np.isfinite(values).any() else '–'
        rows.append(((part.name, *means, lowest), _histogram(values)))
    columns = ('class', *titles, f'lowest {titles[0]}', f'{titles[0]} from 0 to 1')
    return OverviewTable('Classes', columns, tuple(rows))


def image_table(table: ScoreTable) -> OverviewTable:
    """Tabulate the first score of every image, the worst first.

    Args:
        table: The scores.

    Returns:
        The table.
    """
    title = column_title(table.ranking, table.unit)
    means = table.image_means(table.ranking)
    rows = []
    for row in table.worst(len(table.images)):
        worst = table.worst_class(row)
        score = float(table.scores[table.ranking][row, worst])
        cells = (table.images[row], table.patients[row], table.classes[worst], _text(score))
        rows.append((cells, float(means[row])))
    columns = ('image', 'patient', 'worst class', f'its {title}', f'mean {title}')
    return OverviewTable('Images', columns, tuple(rows))


def difference_table(
    table: ScoreTable, other: ScoreTable, names: tuple[str, str], resamples: int
) -> OverviewTable:
    """Tabulate by class how much better the first score is than that of the others.

    Args:
        table: The scores.
        other: Others of the same images and classes.
        names: Names of both.
        resamples: Draws of the bootstrap over patients.

    Returns:
        The table; its last column is the share of images in which the first is better.
    """
    rows = []
    for part in table.parts:
        found = difference(table, other, table.ranking, part, resamples)
        cells = (
            part.name,
            *(_text(each.mean(table.ranking, part)) for each in (table, other)),
            *(_signed(value) for value in (found.mean, found.low, found.high)),
        )
        rows.append((cells, 0.0 if np.isnan(found.better) else float(found.better)))
    title = column_title(table.ranking, table.unit)
    columns = ('class', *names, 'difference', '95 % from', '95 % to', 'share better')
    return OverviewTable(f'Difference of {title}', columns, tuple(rows))


def largest_differences(table: ScoreTable, other: ScoreTable, count: int) -> list[int]:
    """Find the images whose first scores differ most.

    Args:
        table: The scores.
        other: Others of the same images and classes.
        count: How many.

    Returns:
        Rows, the largest difference first; images without any difference are left out.
    """
    part: Part | None = None
    differences = np.abs(
        table.image_means(table.ranking, part) - other.image_means(table.ranking, part)
    )
    differences = np.nan_to_num(differences)
    order = np.argsort(-differences, kind='stable')[:count]
    return [int(row) for row in order if differences[row] > 0]


def _histogram(values: np.ndarray) -> tuple[float, ...]:
    counts = np.histogram(values[np.isfinite(values)], STEPS, (0, 1))[0]
    return tuple((counts / max(1, counts.max())).tolist())


def _text(value: float) -> str:
    return '–' if np.isnan(value) else f'{value:.4f}'


def _signed(value: float) -> str:
    return '–' if np.isnan(value) else f'{value:+.4f}'
