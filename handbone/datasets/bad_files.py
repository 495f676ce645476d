"""Bad files of a dataset: stop at the first one, or report all and continue without them."""

import logging
from pathlib import Path

from handbone.errors import check_word, counted
from handbone.files import write_atomically

from .errors import DatasetError

MODES = ('stop', 'report')


class BadFiles:
    """Collects the problems of a dataset.

    Args:
        mode: 'stop' raises the first problem, 'report' keeps them for :meth:`finish`.
        report_file: Text file for the report; None writes the report to the log only.
    """

    def __init__(self, mode: str, report_file: str | Path | None = None) -> None:
        check_word('bad_files', mode, MODES)
        self.mode = mode
        self.report_file = report_file
        self.problems: list[DatasetError] = []

    def add(self, problems: list[DatasetError]) -> None:
        """Add the problems of one file.

        Args:
            problems: Its problems, possibly none.

        Raises:
            DatasetError: The first of them, in mode 'stop'.
        """
        if problems and self.mode == 'stop':
            if len(problems) > 1:
                problems[0].add_note(f'The same file has {len(problems) - 1} more problems.')
            raise problems[0]
        self.problems += problems

    def finish(self, kept: int, total: int) -> None:
        """Write the report if there are any problems.

        Args:
            kept: Number of images that stay in the dataset.
            total: Number of images checked.
        """
        # the commands that need no model start without mmengine, which imports torch
        from mmengine.dist import is_main_process
        from mmengine.logging import print_log

        if not self.problems or not is_main_process():
            return
        files = len({problem.path for problem in self.problems})
        lines = [
            f'{counted(len(self.problems), "problem")} in {counted(files, "file")}; '
            f'{kept} of {total} images stay in the dataset:',
            *(f'  {problem}' for problem in self.problems),
        ]
        print_log('\n'.join(lines), logger='current', level=logging.WARNING)
        if self.report_file is not None:
            text = '\n'.join(lines) + '\n'
            write_atomically(self.report_file, text.encode(errors='surrogateescape'))
