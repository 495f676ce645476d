"""Read what a training run left in its work dir."""

from dataclasses import dataclass, field
from pathlib import Path

from handbone.configuration.dumped_config import read_dumped_config
from handbone.errors import HandboneError, shown
from handbone.evaluation.score_files import read_score_file
from handbone.json_files import parse_json
from handbone.listing import normal_form

MEAN = 'mDice'
LOSS = 'loss'
PREFIX = 'Dice/'


@dataclass
class RunRecord:
    """Configuration and scores of a run.

    Args:
        folder: The work dir.
        config: Its configuration, nested.
        scores: By iteration of each validation, scores from 0 to 1 by name: ``mDice``,
            ``Dice/<group>`` and, where the metric was told to, ``Dice/<class>``.
        classes: Mean Dice of each class at the last validation that wrote its table.
        table: That table, ``dice_per_image.csv``.
        losses: Training loss by iteration, as it was logged.
    """

    folder: Path
    config: dict[str, object]
    scores: dict[int, dict[str, float]]
    classes: dict[str, float] = field(default_factory=dict)
    table: Path | None = None
    losses: dict[int, float] = field(default_factory=dict)

    @property
    def best_step(self) -> int:
        """Iteration of the best mean Dice, the earliest of equal ones."""
        return max(self.scores, key=lambda step: (self.scores[step][MEAN], -step))

    @property
    def last_step(self) -> int:
        """Iteration of the last validation."""
        return max(self.scores)

    def groups_at(self, step: int) -> dict[str, float]:
        """Scores of groups at a validation.

        Args:
            step: Iteration of the validation.

        Returns:
            Dice by name, without the single classes.
        """
        return {
            name.removeprefix(PREFIX): score
            for name, score in self.scores[step].items()
            if name.startswith(PREFIX) and name.removeprefix(PREFIX) not in self.classes
        }


def read_run(folder: Path) -> RunRecord | None:
    """Read a work dir.

    A run that was resumed has several folders of logs: their scores are joined, those of repeated
    iterations from the later one. A run that was started again in the same folder replaces the
    former one.

    Args:
        folder: The work dir.

    Returns:
        The run, or ``None`` if the folder holds no run that was validated.

    Raises:
        HandboneError: If a log or configuration is broken; the message names file and line.
    """
    scores: dict[int, dict[str, float]] = {}
    losses: dict[int, float] = {}
    config_file: Path | None = None
    table: Path | None = None
    for log in sorted(folder.glob('*/vis_data/scalars.json')):
        lines = _read_lines(log)
        steps = [line['step'] for line in lines if 'step' in line]
        if not steps or not any(LOSS in line or MEAN in line for line in lines):
            continue
        first = min(steps)
        losses = {step: loss for step, loss in losses.items() if step < first}
        losses |= {line['step']: line[LOSS] for line in lines if LOSS in line and 'step' in line}
        scores = {step: of_step for step, of_step in scores.items() if step < first}
        scores |= {line['step']: _scores(line) for line in lines if MEAN in line and 'step' in line}
        config_file = log.with_name('config.py')
        written = log.parents[1] / 'dice_per_image.csv'
        table = written if written.is_file() else table
    if not scores or config_file is None:
        return None
    config = read_dumped_config(config_file) if config_file and config_file.is_file() else {}
    means = _class_means(table) if table else {}
    return RunRecord(folder, config, scores, means, table, losses)


def _read_lines(log: Path) -> list[dict]:
    """Parse a log of JSON lines; the last one may be cut off by a kill."""
    texts = log.read_bytes().splitlines()
    lines = []
    for number, text in enumerate(texts, start=1):
        try:
            line = parse_json(text)
        except HandboneError as error:
            if number < len(texts):
                raise HandboneError(f'{log}, line {number}: {error}. Remove the line.') from error
            continue
        if isinstance(line, dict):
            _check_numbers(log, number, line)
            lines.append(line)
    return lines


def _check_numbers(log: Path, number: int, line: dict) -> None:
    """Refuse steps, losses and scores that are not numbers."""
    named = {'step': line.get('step', 0), LOSS: line.get(LOSS, 0), **_scores(line)}
    for name, value in named.items():
        fits = isinstance(value, int if name == 'step' else (int, float))
        if not fits or isinstance(value, bool):
            raise HandboneError(
                f'{log}, line {number}: {shown(name)} is {shown(value)}, which is not a number. '
                'Remove the line.'
            )


def _scores(line: dict) -> dict[str, float]:
    return {
        normal_form(name): value
        for name, value in line.items()
        if name == MEAN or name.startswith(PREFIX)
    }


def _class_means(table: Path) -> dict[str, float]:
    """Average the columns of ``dice_per_image.csv`` over its images."""
    return read_score_file(table).means('dice', ['class'])
