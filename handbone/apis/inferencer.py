"""Predict radiographs from Python."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Self

import numpy as np

from handbone.errors import HandboneError
from handbone.inference import ImageSources, Predictor, Source, TorchPredictor
from handbone.inference.run import RunSummary, predict_to_files
from handbone.inference.stream import predict_batches
from handbone.outputs import WRITERS, OutputWriter, Prediction
from handbone.radiographs import RadiographError

Images = np.ndarray | str | Path | Sequence[np.ndarray | str | Path]


class MultilabelInferencer:
    """Predicts radiographs: arrays, files or folders in, packed labels or output files out.

    >>> inferencer = MultilabelInferencer('configs/demo.py', 'work_dirs/demo')
    >>> for prediction in inferencer('data/phantom/test/DCM'):
    ...     print(prediction.name, prediction.labels.shape)

    Args:
        config: The config or its file.
        checkpoint: A ``.pth`` or ``.safetensors`` file, or the work dir of a training.
        **options: ``device``, ``precision``, ``tta`` and ``thresholds`` of
            :class:`handbone.inference.TorchPredictor`.

    Attributes:
        predictor: The model.
    """

    def __init__(self, config: str | Path, checkpoint: str | Path, **options: object) -> None:
        self.predictor: Predictor = TorchPredictor(config, checkpoint, **options)

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """Make one of a predictor, such as an exported model.

        Args:
            predictor: The model.

        Returns:
            The inferencer.
        """
        inferencer = cls.__new__(cls)
        inferencer.predictor = predictor
        return inferencer

    def __call__(
        self, images: Images, batch_size: int | None = None, workers: int = 2
    ) -> Iterator[Prediction]:
        """Predict one image after another.

        Args:
            images: An array of grey values (H, W), uint8 or float32 from 0 to 255; a file, folder,
                pattern or ``@list``; or a sequence of arrays, or of the others.
            batch_size: Images that the network gets at once; by default 1 on CPUs, 8 on GPUs.
            workers: Threads that read.

        Yields:
            The predictions, in the order of the images.

        Raises:
            RadiographError: If a file is bad.
            HandboneError: If there is no image.
        """
        for batch in predict_batches(
            self.predictor,
            _sources(images),
            batch_size or self.default_batch_size,
            workers,
            getattr(self.predictor, 'window', 'file'),
        ):
            for outcome in batch:
                if outcome.prediction is None:
                    raise RadiographError(outcome.error)
                yield outcome.prediction

    def run(
        self,
        sources: Sequence[str | Path],
        writers: Iterable[str] | Mapping[str, OutputWriter],
        out_dir: str | Path,
        batch_size: int | None = None,
        workers: int = 2,
        restart: bool = False,
        progress: bool = True,
    ) -> RunSummary:
        """Predict files into files; see :func:`handbone.inference.run.predict_to_files`.

        Args:
            sources: Files, folders, patterns and ``@lists``.
            writers: Names of formats, as ``handbone.outputs.WRITERS`` has them, or writers by name.
            out_dir: Folder of the outputs.
            batch_size: Images that the network gets at once; by default 1 on CPUs, 8 on GPUs.
            workers: Threads that read.
            restart: Begin anew, whatever the folder holds.
            progress: Show images per second and the time left.

        Returns:
            Numbers of images.
        """
        if not isinstance(writers, Mapping):
            writers = make_writers(writers, out_dir, self.predictor)
        return predict_to_files(
            self.predictor,
            ImageSources(sources),
            writers,
            Path(out_dir),
            batch_size or self.default_batch_size,
            workers,
            restart,
            progress,
        )

    @property
    def default_batch_size(self) -> int:
        """Images that the network gets at once unless the caller says."""
        device = getattr(self.predictor, 'device', None)
        return 8 if device is not None and device.type == 'cuda' else 1


def make_writers(
    names: Iterable[str],
    out_dir: str | Path,
    predictor: Predictor,
    options: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> dict[str, OutputWriter]:
    """Make the writers of some formats.

    Args:
        names: Names of formats.
        out_dir: Folder of the outputs.
        predictor: The model, for its classes and colours.
        options: Further arguments of writers, by the name of their format.

    Returns:
        The writers by name and options, so that a run does not go on with other ones.

    Raises:
        HandboneError: If a name is unknown.
    """
    names = list(dict.fromkeys(names))
    unknown = [name for name in names if name not in WRITERS]
    if unknown or not names:
        raise HandboneError(
            f'unknown format {", ".join(unknown) or "(none)"}: there are {", ".join(WRITERS)}'
        )
    writers = {}
    for name in names:
        chosen = options.get(name, {})
        shown = ', '.join(f'{option} {value}' for option, value in chosen.items())
        writers[f'{name} ({shown})' if shown else name] = WRITERS[name](
            Path(out_dir), predictor.classes, predictor.palette, **chosen
        )
    return writers


def _sources(images: Images) -> Iterable[Source]:
    if isinstance(images, (np.ndarray, str, Path)):
        images = [images]
    if all(isinstance(image, (str, Path)) for image in images):
        return ImageSources(images)
    return (
        Source(None, f'image{index}', f'image{index}', np.asarray(image))
        for index, image in enumerate(images)
    )
