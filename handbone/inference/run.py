"""A run over many images whose outputs survive any interruption."""

from collections import deque
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.folder_lock import locked_folder
from handbone.outputs.writer import OutputWriter
from handbone.progress import progress_bar

from .journal import Journal
from .predictor import Predictor
from .recorder import Recorder
from .sources import ImageSources
from .stream import predict_sources

#: Batches that wait for the writing thread; more would only fill the memory.
BATCHES_WAITING = 2


class RunSummary(NamedTuple):
    """What a run ended with.

    Attributes:
        images: Number of sources.
        failed: How many of them failed.
        done_before: Number of sources that an earlier, interrupted run had done.
    """

    images: int
    failed: int
    done_before: int


def predict_to_files(
    predictor: Predictor,
    sources: ImageSources,
    writers: Mapping[str, OutputWriter],
    out_dir: Path,
    batch_size: int | None = None,
    workers: int = 2,
    restart: bool = False,
    progress: bool = True,
) -> RunSummary:
    """Predict all sources and write what the writers write.

    Reading, network and writing overlap; batches are written in the order of the sources. Images
    that cannot be read, predicted or written in one of the formats go to ``failures.csv`` with the
    reason, nothing else is written of them, and the run continues with the others.
    ``journal.json`` says how far the run is: after an interruption the same call continues it, and
    the bytes are the same in the end.

    >>> predictor = open_predictor('work_dirs/demo.onnx')
    >>> sources, out_dir = ImageSources(['scans']), Path('predictions')
    >>> writers = make_writers(['csv', 'table'], out_dir, predictor)
    >>> predict_to_files(predictor, sources, writers, out_dir)
    RunSummary(images=288, failed=0, done_before=0)

    Args:
        predictor: The model.
        sources: The images.
        writers: Writers by the name of their format.
        out_dir: Folder of the outputs.
        batch_size: Images that the predictor gets at once; by default 1 on CPUs, 8 on GPUs.
        workers: Threads that read.
        restart: Start over, whatever the folder holds.
        progress: Show images per second and the time left.

    Returns:
        Numbers of images.

    Raises:
        FolderInUseError: If another run is writing into the folder.
        HandboneError: If the folder holds an unfinished run of other images, formats or models, or
            lies among the images.
        OSError: If something cannot be written, as on a full disk; the same call continues later.
    """
    out_dir = Path(out_dir)
    check_apart(sources, out_dir)
    with locked_folder(out_dir):
        return _run(predictor, sources, writers, out_dir, batch_size, workers, restart, progress)


def _run(
    predictor: Predictor,
    sources: ImageSources,
    writers: Mapping[str, OutputWriter],
    out_dir: Path,
    batch_size: int | None,
    workers: int,
    restart: bool,
    progress: bool,
) -> RunSummary:
    survey = sources.survey
    begun = Journal(predictor.model_hash, survey.digest, survey.count, tuple(writers))
    before = None if restart else Journal.read(out_dir)
    if before is not None:
        before.check_same_run(begun, out_dir)
        if before.state == 'finished':
            return RunSummary(before.images, before.failed, before.done)
    recorder = Recorder(writers, out_dir, before or begun)
    done = recorder.journal.done
    with (
        closing(recorder),
        progress_bar(total=len(sources), initial=done, shown=progress) as bar,
    ):
        batches = predict_sources(predictor, islice(sources, done, None), batch_size, workers)
        with closing(batches), ThreadPoolExecutor(1, 'writing') as thread:
            waiting: deque[Future] = deque()
            for batch in batches:
                waiting.append(thread.submit(recorder.record, batch))
                if len(waiting) > BATCHES_WAITING:
                    bar.update(waiting.popleft().result())
            while waiting:
                bar.update(waiting.popleft().result())
        recorder.finish()
    return RunSummary(survey.count, recorder.journal.failed, done)


def check_apart(sources: ImageSources, out_dir: Path) -> None:
    """Refuse to write pictures where the next run would take them for radiographs.

    Args:
        sources: The images.
        out_dir: Folder of the outputs.

    Raises:
        HandboneError: If it lies in a folder of the images, or where a pattern looks for them.
    """
    argument = sources.reaching(out_dir)
    if argument is not None:
        raise HandboneError(
            f'{out_dir} lies in {argument}, whose images are predicted, so that its pictures would '
            'be taken for radiographs: give an output folder elsewhere'
        )
