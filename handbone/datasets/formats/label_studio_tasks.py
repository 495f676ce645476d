"""The tasks in an export of Label Studio, read when they are asked for."""

from array import array
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from typing import Any

from handbone.json_list import JsonList

from ..annotation_file import collector_paused
from ..errors import DatasetError
from .file_faults import faults_of

#: What becomes of a task that nobody has annotated.
UNLABELLED = ('skip', 'empty')
REMEDY = 'Export it again as "JSON"'
TAKE_ALL = 'take them as images without any class: --read unlabelled=empty'


class LabelStudioTasks:
    """Finds the tasks in one pass.

    Args:
        path: The file, a JSON list.
        unlabelled: 'skip' leaves tasks out that nobody has annotated, 'empty' takes them too.
        look: Called with every task that is taken, in that pass.

    Attributes:
        numbers: Places of the taken tasks in the list.
        notes: How many were left out, in one sentence; none if all are taken.

    Raises:
        DatasetError: The file cannot be read, or holds no task that is taken.
    """

    def __init__(
        self, path: Path, unlabelled: str, look: Callable[[Any], None] | None = None
    ) -> None:
        self._path = path
        self.numbers = array('Q')
        self.notes: list[str] = []
        places = count()

        def take(task: Any) -> None:
            place = next(places)
            if unlabelled == 'empty' or is_annotated(task):
                self.numbers.append(place)
                if look is not None:
                    look(task)

        with faults_of(path, REMEDY), collector_paused():
            self._tasks = JsonList(path, take)
        total = len(self._tasks)
        if not total:
            raise DatasetError.at(path, 'there is no task in it', 'Export it again')
        if not self.numbers:
            problem = f'none of its {total} tasks is annotated'
            raise DatasetError.at(path, problem, f'Export it again, or {TAKE_ALL}')
        left_out = total - len(self.numbers)
        if left_out:
            self.notes = [
                f'{left_out} of {total} tasks are not annotated and are left out. To {TAKE_ALL}'
            ]

    def read(self, number: int) -> Any:
        """Read a task.

        Args:
            number: Its place in the list.

        Returns:
            Its value in Python's types.

        Raises:
            DatasetError: The file cannot be read, or has changed.
        """
        with faults_of(self._path, REMEDY), collector_paused():
            return self._tasks.read(number)


def is_annotated(task: object) -> bool:
    """Tell whether somebody has annotated a task, be it as an image without anything.

    Args:
        task: Any value; one that is no task counts as annotated, to be refused when it is read.

    Returns:
        False if it has no annotation, or only cancelled ones.
    """
    if not isinstance(task, Mapping) or 'data' not in task:
        return True
    annotations = task.get('annotations')
    if not isinstance(annotations, list):
        return annotations is not None
    return not all(isinstance(x, Mapping) and x.get('was_cancelled') is True for x in annotations)
