"""What a search may vary: ranges of numbers, and choices of values or of groups of settings."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from optuna.trial import Trial

#: What Optuna takes as a choice as it is; others are known by their JSON.
PLAIN = (str, int, float, bool, type(None))


@dataclass(frozen=True)
class Range:
    """A setting whose value is a number between two others.

    Attributes:
        name: What the study calls it, the key as a rule.
        key: The dotted key of the setting.
        low: Smallest value.
        high: Largest value. If both are whole numbers, so are all values.
        log: Whether to draw from the logarithms, as for learning rates.
        step: Distance of the values; any by default.
    """

    name: str
    key: str
    low: float
    high: float
    log: bool = False
    step: float | None = None

    def suggest(self, trial: 'Trial') -> dict[str, Any]:
        """Draw a value.

        Args:
            trial: The trial of Optuna.

        Returns:
            The value by the key.
        """
        if isinstance(self.low, int) and isinstance(self.high, int):
            step = int(self.step or 1)
            number = trial.suggest_int(self.name, self.low, self.high, step=step, log=self.log)
            return {self.key: number}
        value = trial.suggest_float(self.name, self.low, self.high, step=self.step, log=self.log)
        return {self.key: value}

    def examples(self) -> Iterator[dict[str, Any]]:
        """Give both ends as settings."""
        yield {self.key: self.low}
        yield {self.key: self.high}

    def describe(self) -> dict[str, Any]:
        """Say what is drawn, as the space's file does."""
        return dict(low=self.low, high=self.high, log=self.log, step=self.step)


@dataclass(frozen=True)
class Choice:
    """One of several values of a setting, or one of several groups of settings.

    Attributes:
        name: What the study calls it: the key of the setting, or any name for groups.
        options: Settings by dotted key for each option; a value may be a :class:`Range`.
    """

    name: str
    options: Mapping[Any, Mapping[str, Any]]

    def suggest(self, trial: 'Trial') -> dict[str, Any]:
        """Choose.

        Args:
            trial: The trial of Optuna.

        Returns:
            The settings of the option, in which ranges have become values.
        """
        chosen = trial.suggest_categorical(self.name, list(self.options))
        settings: dict[str, Any] = {}
        for key, value in self.options[chosen].items():
            settings |= value.suggest(trial) if isinstance(value, Range) else {key: value}
        return settings

    def examples(self) -> Iterator[dict[str, Any]]:
        """Give the settings of every option, with both ends of its ranges."""
        for option in self.options.values():
            for end in ('low', 'high'):
                yield {
                    key: getattr(value, end) if isinstance(value, Range) else value
                    for key, value in option.items()
                }

    def describe(self) -> dict[str, Any]:
        """Say what is chosen from, as the space's file does."""
        return {
            str(label): {
                key: value.describe() if isinstance(value, Range) else value
                for key, value in option.items()
            }
            for label, option in self.options.items()
        }


Parameter = Range | Choice


def value_choice(key: str, values: Sequence[Any]) -> Choice:
    """Choose from the values of one setting.

    Args:
        key: The dotted key of the setting.
        values: The values.

    Returns:
        The choice; lists and mappings are known by their JSON.
    """
    labels = (value if isinstance(value, PLAIN) else json.dumps(value) for value in values)
    return Choice(key, {label: {key: value} for label, value in zip(labels, values, strict=True)})


def suggest(space: Sequence[Parameter], trial: 'Trial') -> dict[str, Any]:
    """Draw the settings of a trial.

    Args:
        space: What may vary.
        trial: The trial of Optuna; what was drawn for it before stays.

    Returns:
        Values by dotted key, as ``--cfg-options`` takes them.
    """
    settings: dict[str, Any] = {}
    for parameter in space:
        settings |= parameter.suggest(trial)
    return settings


def describe(space: Sequence[Parameter]) -> dict[str, Any]:
    """Say what may vary, to compare two spaces.

    Args:
        space: What may vary.

    Returns:
        Plain values by the name of each parameter.
    """
    return {parameter.name: parameter.describe() for parameter in space}
