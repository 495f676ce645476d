"""Images through a predictor: read ahead, predicted in batches, given out in order."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import NamedTuple

from handbone.errors import HandboneError
from handbone.outputs.prediction import Prediction
from handbone.postprocessing import flags_of
from handbone.radiographs import Radiograph, RadiographError
from handbone.radiographs.window import Window

from .predictor import Predictor
from .reading import read_ahead
from .sources import Source


class Outcome(NamedTuple):
    """What came of one source.

    Attributes:
        source: The source.
        prediction: Its labels, ``None`` where the file is bad.
        error: What is wrong with the file, else empty.
    """

    source: Source
    prediction: Prediction | None
    error: str = ''


def predict_batches(
    predictor: Predictor,
    sources: Iterable[Source],
    batch_size: int = 1,
    workers: int = 2,
    window: Window = 'file',
) -> Iterator[list[Outcome]]:
    """Predict sources batch by batch, while threads read the next ones.

    A batch is ``batch_size`` sources one after another, so that a run that begins at any batch
    computes what the whole run does; bad files only make it smaller.

    Args:
        predictor: The model.
        sources: The sources.
        batch_size: Images that the predictor gets at once.
        workers: Threads that read.
        window: Grey values of files of more than 8 bits that become 0 and 255.

    Yields:
        The outcomes of one batch, in the order of the sources.

    Raises:
        HandboneError: If a number is below 1.
    """
    if batch_size < 1 or workers < 1:
        raise HandboneError(
            f'batch size and number of workers are at least 1, got {batch_size} and {workers}'
        )
    images = read_ahead(sources, workers, ahead=batch_size + workers, window=window)
    try:
        while batch := list(islice(images, batch_size)):
            yield _predict(predictor, batch)
            del batch  # else it would be held while the next one is read
    finally:
        images.close()


def _predict(
    predictor: Predictor, batch: list[tuple[Source, Radiograph | RadiographError]]
) -> list[Outcome]:
    readable = [read.image for _, read in batch if isinstance(read, Radiograph)]
    predicted = iter(predictor.predict(readable) if readable else ())
    outcomes = []
    for source, read in batch:
        if isinstance(read, Radiograph):
            labels = next(predicted)
            flags = flags_of(labels, predictor.classes)
            prediction = Prediction(source.name, labels, read, flags, source.image_name)
            outcomes.append(Outcome(source, prediction))
        else:
            outcomes.append(Outcome(source, None, str(read)))
    return outcomes
