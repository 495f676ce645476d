"""Compare training runs: what differed in their configurations, and what that did to Dice."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from handbone.configuration.dumped_config import flatten
from handbone.csv_files import csv_bytes
from handbone.evaluation.drawn_tables import draw_table
from handbone.files import open_atomically, write_atomically

from .run_record import MEAN, RunRecord

if TYPE_CHECKING:
    from rich.table import Table

ABSENT = '–'
#: What decides about a training, without what is different in every run and changes nothing.
COMPARED = {
    *('model', 'model_wrapper_cfg', 'data_preprocessor', 'optim_wrapper', 'param_scheduler'),
    *('train_cfg', 'val_cfg', 'test_cfg', 'auto_scale_lr', 'randomness', 'load_from'),
    *('train_dataloader', 'val_dataloader', 'test_dataloader', 'val_evaluator', 'test_evaluator'),
    *('default_hooks', 'custom_hooks', 'default_scope', 'env_cfg', 'log_level', 'log_processor'),
    *('visualizer', 'sync_bn', 'compile', 'activation_checkpointing', 'from_scratch'),
}


def config_differences(runs: Sequence[RunRecord]) -> dict[str, list[object]]:
    """Find the settings in which runs differ.

    Names that a configuration only uses to fill in others, such as ``crop_size``, are left out.

    Args:
        runs: The runs.

    Returns:
        For each flattened name its value in every run, ``ABSENT`` where a run does not have it.
    """
    flat = [
        flatten({name: value for name, value in run.config.items() if name in COMPARED})
        for run in runs
    ]
    names = dict.fromkeys(name for settings in flat for name in settings)
    rows = {name: [settings.get(name, ABSENT) for settings in flat] for name in names}
    return {name: values for name, values in rows.items() if len(set(map(repr, values))) > 1}


def score_rows(runs: Sequence[RunRecord]) -> dict[str, list[float | int | None]]:
    """Tabulate the scores of runs.

    Args:
        runs: The runs.

    Returns:
        For each score its value in every run, or ``None``: the best and the last mean with their
        iterations, and the groups at the best one.
    """
    rows: dict[str, list[float | int | None]] = {
        'best mDice': [run.scores[run.best_step][MEAN] for run in runs],
        'best iteration': [run.best_step for run in runs],
        'last mDice': [run.scores[run.last_step][MEAN] for run in runs],
        'last iteration': [run.last_step for run in runs],
    }
    groups = [run.groups_at(run.best_step) for run in runs]
    for name in dict.fromkeys(name for of_run in groups for name in of_run):
        rows[f'best: {name}'] = [of_run.get(name) for of_run in groups]
    return rows


def class_rows(runs: Sequence[RunRecord]) -> dict[str, list[float | None]]:
    """Tabulate the Dice of each class at the last validation.

    Args:
        runs: The runs.

    Returns:
        For each class its Dice in every run, or ``None``.
    """
    names = dict.fromkeys(name for run in runs for name in run.classes)
    return {name: [run.classes.get(name) for run in runs] for name in names}


def run_names(runs: Sequence[RunRecord]) -> list[str]:
    """Name runs by their folders, with as many parents as tell them apart."""
    paths = [run.folder.resolve() for run in runs]
    depth = 1
    while len({path.parts[-depth:] for path in paths}) < len(set(paths)):
        depth += 1
    return ['/'.join(path.parts[-depth:]) for path in paths]


def comparison_tables(runs: Sequence[RunRecord]) -> list['Table | str']:
    """Draw the tables: runs with their scores, settings that differ, Dice by class.

    Args:
        runs: The runs; differences are to the first one.

    Returns:
        Tables, to be printed by a console of rich, and sentences in place of empty ones.
    """
    numbers = [str(number) for number in range(1, len(runs) + 1)]
    scores = score_rows(runs)
    best = [score or 0.0 for score in scores['best mDice']]
    means = [
        [
            numbers[index],
            name,
            *(_number(values[index]) for values in scores.values()),
            f'{best[index] - best[0]:+.4f}',
        ]
        for index, name in enumerate(run_names(runs))
    ]
    header = ['', 'Run', *scores, 'best, to run 1']
    drawn: list[Table | str] = [
        draw_table(header, [means], left=['', 'Run'], title='Validation Dice')
    ]
    differing = _same_values(config_differences(runs))
    settings = [[names, *map(_short, values)] for names, values in differing.items()]
    if settings:
        header = ['Setting', *numbers]
        title = 'What differs in the configurations'
        drawn.append(draw_table(header, [settings], left=header, title=title))
    else:
        drawn.append('The configurations are the same.')
    classes = [[name, *map(_number, values)] for name, values in class_rows(runs).items()]
    if classes:
        title = 'Dice by class, last validation'
        drawn.append(draw_table(['Class', *numbers], [classes], left=['Class'], title=title))
    return drawn


def write_csv(runs: Sequence[RunRecord], path: Path) -> None:
    """Write everything into one table: kind (score, class, setting), name, a column a run.

    Args:
        runs: The runs.
        path: The file, replaced as a whole.
    """
    kinds = (
        ('score', score_rows(runs)),
        ('class', class_rows(runs)),
        ('setting', config_differences(runs)),
    )
    rows = [[kind, name, *values] for kind, named in kinds for name, values in named.items()]
    write_atomically(path, csv_bytes([['kind', 'name', *run_names(runs)], *rows]))


def plot(runs: Sequence[RunRecord], path: Path) -> None:
    """Draw mean Dice over iterations, and the last Dice of every class, as PNG.

    Args:
        runs: The runs.
        path: The file, replaced as a whole.
    """
    from matplotlib.figure import Figure

    classes = class_rows(runs)
    figure = Figure(figsize=(12, max(4.0, 0.28 * len(classes) + 1)), layout='constrained')
    over_time, by_class = figure.subplots(1, 2)
    for index, (run, name) in enumerate(zip(runs, run_names(runs), strict=True)):
        steps = sorted(run.scores)
        means = [run.scores[step][MEAN] for step in steps]
        over_time.plot(steps, means, 'o-', markersize=3, label=name)
        values = [of_runs[index] for of_runs in classes.values()]
        places = [place for place, value in enumerate(values) if value is not None]
        by_class.plot([values[place] for place in places], places, 'o', markersize=4)
    over_time.set(xlabel='iteration', ylabel='validation mDice')
    over_time.legend(fontsize='small')
    by_class.set(xlabel='Dice at the last validation', yticks=range(len(classes)))
    by_class.set_yticklabels(classes, fontsize='small')
    by_class.invert_yaxis()
    for axes in (over_time, by_class):
        axes.grid(alpha=0.3)
    with open_atomically(path) as file:
        figure.savefig(file, format='png', dpi=120)


def _same_values(rows: dict[str, list[object]]) -> dict[str, list[object]]:
    """Put settings that have the same values everywhere into one row."""
    names: dict[str, list[str]] = {}
    for name, values in rows.items():
        names.setdefault(repr(values), []).append(name)
    return {'\n'.join(same): rows[same[0]] for same in names.values()}


def _number(value: float | None) -> str:
    if value is None:
        return ABSENT
    return str(value) if isinstance(value, int) else f'{value:.4f}'


def _short(value: object, length: int = 40) -> str:
    text = str(value)
    return text if len(text) <= length else f'{text[: length - 1]}…'
