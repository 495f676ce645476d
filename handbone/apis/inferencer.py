"""Predict radiographs from Python."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self

import torch

from handbone.configuration.shipped import config_path
from handbone.errors import HandboneError
from handbone.inference import ImageSources, Predictor, Source, TorchPredictor
from handbone.inference.predictor import check_image
from handbone.inference.run import RunSummary, predict_to_files
from handbone.inference.stream import predict_sources
from handbone.outputs import WRITERS, OutputWriter, Prediction
from handbone.radiographs import RadiographError
from handbone.starter import CONFIG, NOTICE, starter_weights


class MultilabelInferencer:
    """Predicts radiographs: arrays, files or folders in, packed labels or output files out.

    >>> (prediction,) = MultilabelInferencer()('hand.png')
    >>> inferencer = MultilabelInferencer('configs/demo.py', 'work_dirs/demo')
    >>> for prediction in inferencer('data/phantom/test/DCM'):
    ...     print(prediction.name, prediction.labels.shape)
    >>> (prediction,) = inferencer(Image.open('hand.png').convert('L'))
    >>> summary = inferencer.run(['data/phantom/test/DCM'], ['csv', 'overlays'], 'predictions')

    Args:
        config: The config or its file; without config and checkpoint, the weights that come with
            the package label the 29 bones of the hand (:mod:`handbone.starter`).
        checkpoint: A ``.pth`` or ``.safetensors`` file, or the work dir of a training.
        **options: ``device``, ``precision``, ``tta``, ``thresholds`` and ``postprocess`` of
            :class:`handbone.inference.TorchPredictor`.

    Attributes:
        predictor: The model.

    Raises:
        HandboneError: If only one of config and checkpoint is given.
    """

    def __init__(
        self, config: str | Path | None = None, checkpoint: str | Path | None = None, **options: Any
    ) -> None:
        if config is None and checkpoint is None:
            config, checkpoint = config_path(CONFIG), starter_weights()
            print(NOTICE)
        if config is None or checkpoint is None:
            raise HandboneError(
                'give both a config and its checkpoint, or neither to use the starter weights'
            )
        self.predictor: Predictor = TorchPredictor(config, checkpoint, **options)

    @classmethod
    def of(cls, predictor: Predictor) -> Self:
        """Make an inferencer from a predictor, such as an exported model.

        >>> inferencer = MultilabelInferencer.of(open_predictor('work_dirs/demo.onnx'))

        Args:
            predictor: The model.

        Returns:
            The inferencer.

        Raises:
            HandboneError: If it is not a predictor.
        """
        if not isinstance(predictor, Predictor):
            raise HandboneError(
                f'{type(predictor).__name__} is not a predictor: open one with '
                'handbone.inference.open_predictor, or implement handbone.inference.Predictor'
            )
        inferencer = cls.__new__(cls)
        inferencer.predictor = predictor
        return inferencer

    def __call__(
        self, images: Any, batch_size: int | None = None, workers: int = 2
    ) -> Iterator[Prediction]:
        """Predict images one by one.

        Args:
            images: One image or a list of images: each an array, a tensor or a Pillow image of grey
                values (H, W), uint8 or float from 0 to 255; for a model that sees colours also
                blue, green and red (H, W, 3) of these types, or a Pillow image in colours. Or
                files, folders, patterns and ``@lists``, one or a list of them.
            batch_size: Number of images per batch; by default 1 on CPUs, 8 on GPUs.
            workers: Number of threads that read images.

        Yields:
            The predictions, in the order of the images.

        Raises:
            RadiographError: If a file cannot be read or predicted.
            HandboneError: If there are no images, or one is not such an image.
        """
        for batch in predict_sources(
            self.predictor, _sources(images, self.predictor), batch_size, workers
        ):
            for outcome in batch:
                if outcome.prediction is None:
                    raise RadiographError(outcome.error)
                yield outcome.prediction

    def run(
        self,
        sources: ImageSources | Sequence[str | Path],
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
            writers: Names of formats in ``handbone.outputs.WRITERS``, or writers by name.
            out_dir: Folder of the outputs.
            batch_size: Number of images per batch; by default 1 on CPUs, 8 on GPUs.
            workers: Number of threads that read images.
            restart: Start from the beginning, whatever the folder contains.
            progress: Show images per second and the time left.

        Returns:
            Numbers of images.
        """
        if not isinstance(writers, Mapping):
            writers = make_writers(writers, out_dir, self.predictor)
        return predict_to_files(
            self.predictor,
            sources if isinstance(sources, ImageSources) else ImageSources(sources),
            writers,
            Path(out_dir),
            batch_size,
            workers,
            restart,
            progress,
        )


def make_writers(
    names: Iterable[str],
    out_dir: str | Path,
    predictor: Predictor,
    options: Mapping[str, Mapping[str, object]] = MappingProxyType({}),
) -> dict[str, OutputWriter]:
    """Make the writers of formats.

    Args:
        names: Names of formats.
        out_dir: Folder of the outputs.
        predictor: The model, for its classes and colours.
        options: Further arguments of writers, by the name of their format.

    Returns:
        The writers by name and options, so that no run continues one with different options.

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


def _sources(images: Any, predictor: Predictor) -> Iterable[Source]:
    listed = images if isinstance(images, (list, tuple)) else [images]
    files = [isinstance(image, (str, Path)) for image in listed]
    if all(files):
        return ImageSources(listed)
    if any(files):
        raise HandboneError('give either files or images, not both in one list')
    sources = []
    for index, image in enumerate(listed):
        name = f'image{index}'
        if isinstance(image, torch.Tensor):
            image = image.detach().cpu()
        sources.append(Source(None, name, name, check_image(predictor, image, name)))
    return sources
