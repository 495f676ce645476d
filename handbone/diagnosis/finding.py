"""What a check reports: something wrong, and the command that corrects it."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong with the environment.

    Attributes:
        what: one sentence that says what is wrong and what it breaks.
        fix: the command, or commands, that correct it.
        fault: True if handbone or the given config will not work; False if only an optional part
            suffers.
    """

    what: str
    fix: str
    fault: bool = True
