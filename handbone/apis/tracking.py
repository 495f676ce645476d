"""Send what a tracker has not got yet."""

from pathlib import Path

from handbone.engine.tracking.journal import Journal
from handbone.engine.tracking.mlflow_sending import MLflowSender, reason_of
from handbone.errors import HandboneError
from handbone.folder_lock import locked_folder


def send_tracking(work_dir: str | Path, tracking_uri: str | None = None) -> list[str]:
    """Send to MLflow what it did not take while trainings ran.

    >>> send_tracking('work_dirs/demo')
    []

    Args:
        work_dir: The work dir of the trainings.
        tracking_uri: Where MLflow is; by default as in the config of the training, or the variable
            MLFLOW_TRACKING_URI.

    Returns:
        Operations that MLflow refused, one line each.

    Raises:
        FolderInUseError: If a training is running in the work dir.
        HandboneError: If the work dir has no journal, or MLflow cannot be reached.
        MissingExtraError: If MLflow is not installed.
        OSError: If a file cannot be read or written.
    """
    folder = Path(work_dir) / 'mlflow'
    paths = sorted(folder.glob('*.jsonl'))
    if not paths:
        raise HandboneError(
            f'{folder}: there is no journal, so nothing waits to be sent. Give the work dir of a '
            'training with BufferedMLflowVisBackend'
        )
    refused: list[str] = []
    with locked_folder(work_dir):
        for path in paths:
            journal = Journal(path.absolute())
            uri = tracking_uri or journal.state.get('tracking_uri')
            sender = MLflowSender(journal, uri, refused.append)
            try:
                while sender.send():
                    pass
            except HandboneError:
                raise
            except Exception as error:  # of MLflow, its HTTP client and its databases
                if isinstance(error, OSError) and error.filename is not None:
                    raise  # of a file here
                raise HandboneError(
                    f'MLflow does not take anything ({reason_of(error)}): start it, or name it by '
                    '--tracking-uri or MLFLOW_TRACKING_URI. Nothing is lost'
                ) from error
    return refused
