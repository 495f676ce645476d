"""The table and the picture of a calibration."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.logging import MMLogger

from handbone.csv_files import csv_bytes
from handbone.files import open_atomically, write_atomically

from .calibration import BINS, Calibration
from .drawn_tables import draw_table, plain_text

TABLE, PICTURE = 'calibration.csv', 'calibration.png'
#: Panels of the picture in a row.
IN_A_ROW = 6
COLUMNS = ('class', 'from', 'to', 'pixels', 'mean_probability', 'frequency')


def log_calibration(classes: Sequence[str], calibration: Calibration) -> None:
    """Write the errors and temperatures of classes to the log.

    Args:
        classes: Names in class order.
        calibration: What was measured.
    """
    rows = [
        [
            name,
            f'{calibration.error[index]:.4f}',
            f'{calibration.temperature[index]:.3f}',
            f'{calibration.calibrated_error[index]:.4f}',
            f'{calibration.likelihood[index]:.4f}',
            f'{calibration.calibrated_likelihood[index]:.4f}',
            f'{calibration.missed[index]:.4f}',
        ]
        for index, name in enumerate(classes)
    ]
    means = [
        f'{_mean(calibration.error):.4f}',
        f'{calibration.common_temperature:.3f}',
        f'{_mean(calibration.calibrated_error):.4f}',
        f'{_mean(calibration.likelihood):.4f}',
        f'{_mean(calibration.calibrated_likelihood):.4f}',
        f'{_mean(calibration.missed):.4f}',
    ]
    header = ['Class', 'ECE', 'T', 'ECE with T', 'NLL', 'NLL with T', 'Missed']
    table = draw_table(header, [rows, [['all', *means]]], left=('Class',))
    MMLogger.get_current_instance().info(f'Calibration\n{plain_text(table)}')


def write_calibration(
    folder: str | Path, classes: Sequence[str], calibration: Calibration
) -> list[Path]:
    """Write the bins of the reliability diagrams, and the diagrams.

    Args:
        folder: Folder of the two files.
        classes: Names in class order.
        calibration: What was measured.

    Returns:
        The files.

    Raises:
        OSError: If they cannot be written.
    """
    folder = Path(folder)
    rows = [
        (
            name,
            bin_ / BINS,
            (bin_ + 1) / BINS,
            round(calibration.shares[index, bin_] * calibration.pixels[index]),
            f'{calibration.confidence[index, bin_]:.6f}',
            f'{calibration.frequency[index, bin_]:.6f}',
        )
        for index, name in enumerate(classes)
        for bin_ in np.flatnonzero(calibration.shares[index])
    ]
    write_atomically(folder / TABLE, csv_bytes([COLUMNS, *rows]))
    _draw(folder / PICTURE, classes, calibration)
    return [folder / TABLE, folder / PICTURE]


def _draw(path: Path, classes: Sequence[str], calibration: Calibration) -> None:
    """Draw the reliability of each class; the area of a point is its share of the pixels."""
    from matplotlib.figure import Figure

    columns = min(IN_A_ROW, len(classes))
    rows = -(-len(classes) // columns)
    figure = Figure(figsize=(2.2 * columns, 2.4 * rows), layout='constrained')
    panels = figure.subplots(rows, columns, squeeze=False, sharex=True, sharey=True)
    for index, axes in enumerate(panels.ravel()):
        if index >= len(classes):
            axes.set_visible(False)
            continue
        axes.plot([0, 1], [0, 1], color='grey', linewidth=0.8)
        there = calibration.shares[index] > 0
        confidence, frequency = calibration.confidence[index], calibration.frequency[index]
        axes.plot(confidence[there], frequency[there], linewidth=1)
        sizes = 4 + 120 * calibration.shares[index, there]
        axes.scatter(confidence[there], frequency[there], sizes)
        axes.set_title(
            f'{classes[index]}\nECE {calibration.error[index]:.3f}, '
            f'T {calibration.temperature[index]:.2f}',
            fontsize=8,
        )
        axes.grid(alpha=0.3)
    figure.supxlabel('probability')
    figure.supylabel('share of pixels that have the class')
    with open_atomically(path) as file:
        figure.savefig(file, format='png', dpi=100)


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if not np.isnan(values).all() else float('nan')
