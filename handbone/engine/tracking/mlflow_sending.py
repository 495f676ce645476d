"""Sends a journal to MLflow."""

import math
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

from handbone.errors import HandboneError, shown
from handbone.extras import import_extra
from handbone.passwords import without_passwords

from .journal import Journal

EXTRA = 'mlflow'
#: Most metrics and parameters that MLflow takes in one call.
METRICS, PARAMETERS = 1000, 100
#: Longest value of a parameter or a tag.
LONGEST = 500
#: What MLflow says of an operation that no repetition makes valid.
REFUSALS = {'INVALID_PARAMETER_VALUE', 'BAD_REQUEST', 'RESOURCE_DOES_NOT_EXIST', 'INVALID_STATE'}
#: What names of metrics may not contain.
UNUSUAL = re.compile(r'[^\w\-. :/]')


def reason_of(error: Exception) -> str:
    """Describe an error of MLflow in one short line, without the password of an address.

    Args:
        error: What was raised.

    Returns:
        The line.
    """
    return ' '.join(without_passwords(str(error)).split())[:200]


class MLflowSender:
    """Sends the operations of a journal, in order.

    Args:
        journal: The journal.
        tracking_uri: Where MLflow is; by default the variable MLFLOW_TRACKING_URI, and without it
            an SQLite file ``mlflow.db`` beside the work dir.
        warn: Gets a line about an operation that MLflow refuses.
    """

    def __init__(
        self, journal: Journal, tracking_uri: str | None, warn: Callable[[str], None]
    ) -> None:
        self.journal = journal
        runs = journal.path.parents[2]  # RUNS/WORK_DIR/mlflow/NAME.jsonl
        self._folder = runs / 'mlflow-artifacts'
        self.tracking_uri = (
            tracking_uri or os.environ.get('MLFLOW_TRACKING_URI') or f'sqlite:///{runs}/mlflow.db'
        )
        self._warn = warn
        self._client: Any = None

    def send(self) -> bool:
        """Send the next operations.

        Returns:
            Whether there were any.

        Raises:
            Exception: Whatever MLflow raises if it cannot be reached.
        """
        operations, ends = self.journal.unsent()
        if not operations:
            return False
        if self._client is None:
            client = import_extra('mlflow.tracking', EXTRA).MlflowClient
            self._client = client(tracking_uri=self.tracking_uri)
        first = operations[0]
        kind = first['do']
        if kind == 'start':
            self._start(first)
            count = 1
        elif kind == 'metrics':
            count = self._send_metrics(operations)
        else:
            count = 1
            self._unless_refused(getattr(self, f'_send_{kind}'), first)
        self.journal.mark(sent=ends[count - 1])
        return True

    def _start(self, operation: dict[str, Any]) -> None:
        """Make the run, unless a process that was killed afterwards has made it."""
        if 'run_id' in self.journal.state:
            self._client.update_run(self.journal.state['run_id'], status='RUNNING')
            return
        name = operation['experiment']
        found = self._client.get_experiment_by_name(name)
        if found is None:
            location = operation.get('artifact_location')
            if location is None and self.tracking_uri.startswith('sqlite:'):
                location = self._folder.absolute().as_uri()
            try:
                experiment = self._client.create_experiment(name, artifact_location=location)
            except import_extra('mlflow.exceptions', EXTRA).MlflowException as error:
                if error.error_code != 'RESOURCE_ALREADY_EXISTS':  # by a different training
                    raise
                experiment = self._client.get_experiment_by_name(name).experiment_id
        else:
            experiment = found.experiment_id
        run = self._client.create_run(
            experiment, operation['time'], operation.get('tags'), operation.get('run_name')
        )
        self.journal.mark(run_id=run.info.run_id)

    def _send_metrics(self, operations: list[dict[str, Any]]) -> int:
        """Send as many successive metrics as MLflow takes in one call; returns how many."""
        entities = import_extra('mlflow.entities', EXTRA)
        metrics: list[Any] = []
        count = 0
        for operation in operations:
            values = operation['values'] if operation['do'] == 'metrics' else None
            if values is None or len(metrics) + len(values) > METRICS and metrics:
                break
            metrics += [
                entities.Metric(UNUSUAL.sub('_', name), value, operation['time'], operation['step'])
                for name, value in values.items()
                if not math.isnan(value)
            ]
            count += 1
        self._unless_refused(lambda _: self._client.log_batch(self._run, metrics=metrics), {})
        return count

    def _send_parameters(self, operation: dict[str, Any]) -> None:
        param = import_extra('mlflow.entities', EXTRA).Param
        values = [
            param(UNUSUAL.sub('_', name), value[:LONGEST])
            for name, value in operation['values'].items()
        ]
        for start in range(0, len(values), PARAMETERS):
            self._client.log_batch(self._run, params=values[start : start + PARAMETERS])

    def _send_tags(self, operation: dict[str, Any]) -> None:
        for name, value in operation['values'].items():
            self._client.set_tag(self._run, name, value[:LONGEST])

    def _send_file(self, operation: dict[str, Any]) -> None:
        path = Path(operation['path'])
        if path.is_file():
            self._client.log_artifact(self._run, str(path), operation.get('folder'))
        else:
            self._warn(f'MLflow does not get {path}: the file is gone')

    def _send_text(self, operation: dict[str, Any]) -> None:
        self._client.log_text(self._run, operation['text'], operation['name'])

    def _send_end(self, operation: dict[str, Any]) -> None:
        self._client.set_terminated(self._run, operation['status'], operation['time'])

    @property
    def _run(self) -> str:
        if 'run_id' not in self.journal.state:
            raise HandboneError(f'{self.journal.path} does not begin with the start of a run')
        return self.journal.state['run_id']

    def _unless_refused(
        self, action: Callable[[dict[str, Any]], None], operation: dict[str, Any]
    ) -> None:
        """Carry out an operation, and leave it out if MLflow will never take it."""
        refusal = import_extra('mlflow.exceptions', EXTRA).MlflowException
        try:
            action(operation)
        except refusal as error:
            if error.error_code not in REFUSALS:
                raise
            self._warn(f'MLflow refuses {shown(operation)}, left out: {reason_of(error)}')
