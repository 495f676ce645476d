"""What a search leaves beside the best config: a table of trials, a picture of what mattered."""

import warnings
from collections.abc import Mapping
from pathlib import Path

from handbone.csv_files import csv_bytes
from handbone.extras import import_extra
from handbone.files import open_atomically, write_atomically
from handbone.search.study import ERROR, SECONDS, SearchStudy

HEADER = ['trial', 'state', 'score', 'iteration', 'seconds', 'error']


def write_trials(study: SearchStudy, out: Path) -> None:
    """Write a CSV with a row for each trial.

    Args:
        study: The study.
        out: The file to write.
    """
    trials = study.trials
    names = list(dict.fromkeys(name for trial in trials for name in trial.params))
    rows: list[list[object]] = [[*HEADER, *names]]
    for trial in trials:
        scores = trial.intermediate_values
        best = max(scores, key=lambda step: (scores[step], -step)) if scores else None
        rows.append(
            [
                trial.number,
                trial.state.name.lower(),
                '' if best is None else scores[best],
                '' if best is None else best,
                _rounded(trial.user_attrs.get(SECONDS)),
                trial.user_attrs.get(ERROR, ''),
                *(trial.params.get(name, '') for name in names),
            ]
        )
    write_atomically(out, csv_bytes(rows))


def write_importances(study: SearchStudy, metric: str, out: Path) -> dict[str, float]:
    """Draw how the score grew, and how much each parameter mattered.

    The importances are those of fANOVA (Hutter et al., ICML 2014): the share of the variance of the
    score that a parameter explains. With fewer than two complete trials, nothing is drawn.

    Args:
        study: The study.
        metric: Name of the score.
        out: The PNG file to write.

    Returns:
        The share of each parameter that all complete trials have, the largest first.
    """
    optuna = import_extra('optuna', 'search')
    complete = [trial for trial in study.trials if trial.state.name == 'COMPLETE']
    if len(complete) < 2 or len({trial.value for trial in complete}) < 2:
        return {}
    with warnings.catch_warnings():
        warnings.simplefilter('ignore')  # of what Optuna calls experimental
        copy = optuna.create_study(direction='maximize')
        copy.add_trials(complete)
        shares = optuna.importance.get_param_importances(
            copy, evaluator=optuna.importance.FanovaImportanceEvaluator(seed=0)
        )
    _draw(complete, shares, metric, out)
    return dict(shares)


def _draw(complete: list, shares: Mapping[str, float], metric: str, out: Path) -> None:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(11, max(3.5, 0.4 * len(shares) + 1.5)), layout='constrained')
    over_trials, by_parameter = figure.subplots(1, 2)
    numbers = [trial.number for trial in complete]
    scores = [trial.value for trial in complete]
    best = [max(scores[: index + 1]) for index in range(len(scores))]
    over_trials.plot(numbers, scores, 'o', markersize=4, label='trial')
    over_trials.step(numbers, best, where='post', label='best so far')
    over_trials.set(xlabel='trial', ylabel=metric)
    over_trials.legend(fontsize='small')
    by_parameter.barh(list(shares), list(shares.values()))
    by_parameter.invert_yaxis()
    by_parameter.set(xlabel='share of the variance of the score (fANOVA)')
    by_parameter.tick_params(axis='y', labelsize='small')
    for axes in (over_trials, by_parameter):
        axes.grid(alpha=0.3)
    with open_atomically(out) as file:
        figure.savefig(file, format='png', dpi=120)


def _rounded(seconds: float | None) -> str:
    return '' if seconds is None else f'{seconds:.1f}'
