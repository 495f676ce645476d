"""Sources through a predictor, in order."""

from collections.abc import Generator, Iterable
from contextlib import closing
from functools import partial
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.outputs.prediction import Prediction
from handbone.postprocessing import flags_of
from handbone.radiographs import Photograph, Radiograph

from .batches import Answer, predict_batches, read_ahead
from .image_failures import failure_text
from .predictor import Predictor, check_image, default_batch_size, read_file
from .sources import Source


class Outcome(NamedTuple):
    """What came of one source.

    Attributes:
        source: The source.
        prediction: Its labels, ``None`` where it failed.
        error: Why it failed, else empty.
    """

    source: Source
    prediction: Prediction | None
    error: str = ''


def predict_sources(
    predictor: Predictor,
    sources: Iterable[Source],
    batch_size: int | None = None,
    workers: int = 2,
) -> Generator[list[Outcome], None, None]:
    """Predict sources batch by batch, while threads read the next ones.

    Args:
        predictor: The model.
        sources: The sources.
        batch_size: Images that the predictor gets at once; by default 1 on CPUs, 8 on GPUs.
        workers: Threads that read.

    Yields:
        The outcomes of one batch, in the order of the sources.

    Raises:
        HandboneError: If a number is below 1.
    """
    if batch_size is None:
        batch_size = default_batch_size(predictor.device)
    if batch_size < 1 or workers < 1:
        raise HandboneError(
            f'batch size and number of workers are at least 1, got {batch_size} and {workers}'
        )
    read = partial(_read, predictor)
    with closing(read_ahead(sources, read, workers, ahead=batch_size + workers)) as images:
        # mapped, because a loop's variable would hold a batch while the next one is read
        outcomes = partial(_outcomes, classes=predictor.classes)
        yield from map(outcomes, predict_batches(predictor, images, batch_size))


def _read(predictor: Predictor, source: Source) -> Radiograph:
    if source.path is None:
        image = check_image(predictor, source.image, source.name)
        return Photograph(image[..., ::-1]) if image.ndim == 3 else Radiograph(image)
    return read_file(predictor, source.path)


def _outcomes(answers: list[Answer[Source]], classes: tuple[str, ...]) -> list[Outcome]:
    return [_outcome(answer, classes) for answer in answers]


def _outcome(answer: Answer[Source], classes: tuple[str, ...]) -> Outcome:
    source, radiograph, labels, error, summary = answer
    if radiograph is None or labels is None:
        return Outcome(source, None, error)
    try:
        flags = flags_of(labels, classes)
    except Exception as fault:
        return Outcome(source, None, failure_text(fault, source.place, 'predicted'))
    prediction = Prediction(source.name, labels, radiograph, flags, source.image_name, summary)
    return Outcome(source, prediction)
