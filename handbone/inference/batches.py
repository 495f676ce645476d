"""Images read ahead of the network in threads, and predicted in batches.

Everything that predicts many images does it here: the stream of files into outputs as well as the
processes of an archive.
"""

from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Generic, NamedTuple, Protocol, TypeVar

import numpy as np

from handbone.evaluation.logit_summary import LogitSummary
from handbone.radiographs import Radiograph

from .image_failures import failure_text
from .predictor import Labelled, Predictor, predict_labelled


class Placed(Protocol):
    """Something that stands for an image and says where it is."""

    @property
    def place(self) -> str:
        """The file, or the name of an image in memory, for messages."""


Item = TypeVar('Item', bound=Placed)


class Answer(NamedTuple, Generic[Item]):
    """What came of one image.

    Attributes:
        item: What stands for the image.
        radiograph: The image; ``None`` where it could not be read.
        labels: Its packed map; ``None`` where it could not be read or predicted.
        error: Why it failed, else empty.
        summary: How sure the network is of each class; None if it was not asked.
    """

    item: Item
    radiograph: Radiograph | None
    labels: np.ndarray | None
    error: str = ''
    summary: LogitSummary | None = None


def read_ahead(
    items: Iterable[Item], read: Callable[[Item], Radiograph], workers: int, ahead: int
) -> Generator[tuple[Item, Radiograph | str], None, None]:
    """Read images in threads and give them out in their order.

    Args:
        items: What stands for the images; taken one by one, each just before it is read.
        read: Reads one; whatever it raises is that image's failure, if it does not end the run.
        workers: Number of threads.
        ahead: How many images are read before they are asked for, at most.

    Yields:
        Each item with its image, or with the reason why it cannot be read.
    """

    def attempt(item: Item) -> Radiograph | str:
        try:
            return read(item)
        except OSError as error:  # reading writes nothing, so the disk that fails is the image's
            return f'{item.place}: the image cannot be read ({error.strerror or error})'
        except Exception as error:
            return failure_text(error, item.place, 'read')

    waiting: deque[tuple[Item, Future[Radiograph | str]]] = deque()
    with ThreadPoolExecutor(workers, 'reading') as threads:
        try:
            for item in items:
                waiting.append((item, threads.submit(attempt, item)))
                if len(waiting) > ahead:
                    first, future = waiting.popleft()
                    yield first, future.result()
            while waiting:
                first, future = waiting.popleft()
                yield first, future.result()
        finally:
            threads.shutdown(cancel_futures=True)


def predict_batches(
    predictor: Predictor, images: Iterator[tuple[Item, Radiograph | str]], batch_size: int
) -> Iterator[list[Answer[Item]]]:
    """Predict images batch by batch.

    A batch is ``batch_size`` images one after another, so that a run that starts at any batch
    computes what the whole run does; images that cannot be read only make it smaller. The images
    of a batch that fails are predicted one by one.

    Args:
        predictor: The model.
        images: What :func:`read_ahead` gives.
        batch_size: Images that the predictor gets at once.

    Yields:
        The answers of one batch, in the order of the images.
    """
    while batch := list(islice(images, batch_size)):
        yield _answers(predictor, batch)
        del batch  # else it would be held while the next one is read


def _answers(
    predictor: Predictor, batch: Sequence[tuple[Item, Radiograph | str]]
) -> list[Answer[Item]]:
    readable = [(item, read) for item, read in batch if isinstance(read, Radiograph)]
    predicted = iter(_predict(predictor, readable))
    answers = []
    for item, read in batch:
        if not isinstance(read, Radiograph):
            answers.append(Answer(item, None, None, read))
            continue
        found = next(predicted)
        if isinstance(found, str):
            answers.append(Answer(item, read, None, found))
        else:
            answers.append(Answer(item, read, found.labels, summary=found.summary))
    return answers


def _predict(
    predictor: Predictor, images: Sequence[tuple[Item, Radiograph]]
) -> list[Labelled | str]:
    """Predict images together or, where that fails, one by one."""
    if not images:
        return []
    try:
        return list(_labels(predictor, [radiograph for _, radiograph in images]))
    except Exception as error:
        if len(images) == 1:
            return [failure_text(error, images[0][0].place, 'predicted')]
    # the error is gone and with it the memory of the batch
    return [answer for image in images for answer in _predict(predictor, [image])]


def _labels(predictor: Predictor, radiographs: Sequence[Radiograph]) -> list[Labelled]:
    labels = predict_labelled(predictor, [radiograph.content for radiograph in radiographs])
    sizes = [each.labels.shape[:2] for each in labels]
    if sizes != [radiograph.size for radiograph in radiographs]:
        raise RuntimeError(f'the predictor gave labels of the sizes {sizes}')
    return labels
