"""Draws predictions while validating and testing, and a contact sheet of the worst ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dist import is_main_process
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample
from torch.utils.data import Dataset

from handbone.errors import HandboneError, counted
from handbone.masks import (
    classes_known,
    dice,
    overlap_counts,
    planes_last,
    split_unknown,
    without,
)
from handbone.radiographs.image_reading import read_image
from handbone.submissions.image_names import dataset_image_paths, name_images

from .worst_cases import Case, WorstCases


@HOOKS.register_module()
class MultilabelVisualizationHook(Hook):
    """Draw packed predictions with :class:`handbone.visualization.MultilabelLocalVisualizer`.

    During validation, the first image of every ``interval``-th batch goes to the visualizer's
    backends. During a test, every image goes there, or to ``out_dir`` as JPEG. Every process writes
    its images to ``out_dir``, but only process 0 writes to the backends, as in mmengine.

    After a validation or test with reference masks, the images with the lowest mean Dice are drawn
    on one contact sheet, ``val_worst`` or ``test_worst`` in the backends and ``worst.jpg`` in
    ``out_dir``. Only coarse copies of masks are kept, so memory does not grow with the dataset.

    Args:
        draw: Whether to draw single images; the contact sheet is drawn anyway.
        interval: Number of batches per drawn image in validation.
        show: Open a window for each drawn image instead of sending it to the backends.
        wait_time: Seconds until a window closes; 0 keeps it open.
        out_dir: Folder for the drawn test images. Default: they go to the backends.
        worst: Number of images on the contact sheet; 0 for no sheet.
        thumbnail_size: Longer side of a thumbnail in pixels.
        backend_args: Arguments of the mmengine file backend that reads the images.
    """

    priority = 'NORMAL'

    def __init__(
        self,
        draw: bool = False,
        interval: int = 50,
        show: bool = False,
        wait_time: float = 0.0,
        out_dir: str | Path | None = None,
        worst: int = 12,
        thumbnail_size: int = 480,
        backend_args: dict | None = None,
    ) -> None:
        self.draw = draw
        self.interval = interval
        self.show = show
        self.wait_time = wait_time
        self.out_dir = None if out_dir is None else Path(out_dir)
        self.worst = worst
        self.thumbnail_size = thumbnail_size
        self.backend_args = backend_args

    def before_val(self, runner: Runner) -> None:
        """Start a new contact sheet.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If the visualizer does not draw packed maps.
        """
        self._start_collecting(runner)

    def before_test(self, runner: Runner) -> None:
        """Start a new contact sheet and name the files.

        Args:
            runner: The runner.

        Raises:
            HandboneError: If the visualizer does not draw packed maps.
        """
        self._start_collecting(runner)
        self._names = _file_names(runner.test_dataloader.dataset) if self.out_dir else {}
        self._drawn = 0

    def after_val_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Draw the first image of every ``interval``-th batch.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: What the data loader gave; not used.
            outputs: Data samples with predictions.
        """
        outputs = outputs or ()
        self._collect(runner, outputs)
        step = runner.iter + batch_idx
        if self.draw and outputs and step % self.interval == 0 and is_main_process():
            sample = outputs[0]
            runner.visualizer.add_datasample(
                f'val_{Path(sample.img_path).stem}',
                read_image(sample.img_path, self.backend_args),
                sample,
                show=self.show,
                wait_time=self.wait_time,
                step=step,
            )

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Draw every image of the batch.

        Args:
            runner: The runner.
            batch_idx: Number of the batch.
            data_batch: What the data loader gave; not used.
            outputs: Data samples with predictions.
        """
        outputs = outputs or ()
        self._collect(runner, outputs)
        if not self.draw or not (self.out_dir or is_main_process()):
            return
        for sample in outputs:
            self._drawn += 1
            image = read_image(sample.img_path, self.backend_args)
            if self.out_dir:
                picture = runner.visualizer.draw_datasample(image, sample)
                runner.visualizer.write_picture(self._file_of(sample), picture)
            if self.show or not self.out_dir:
                runner.visualizer.add_datasample(
                    f'test_{Path(sample.img_path).stem}',
                    image,
                    sample,
                    show=self.show,
                    wait_time=self.wait_time,
                    step=self._drawn,
                )

    def after_val_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draw the contact sheet.

        Args:
            runner: The runner.
            metrics: Scores; not used.
        """
        self._draw_worst(runner, 'val', len(runner.val_dataloader.dataset))

    def after_test_epoch(self, runner: Runner, metrics: dict | None = None) -> None:
        """Draw the contact sheet.

        Args:
            runner: The runner.
            metrics: Scores; not used.
        """
        self._draw_worst(runner, 'test', len(runner.test_dataloader.dataset))

    def _start_collecting(self, runner: Runner) -> None:
        if not hasattr(runner.visualizer, 'draw_contact_sheet'):
            raise HandboneError(
                f'{type(self).__name__} draws packed label maps, {type(runner.visualizer).__name__}'
                " does not: set visualizer=dict(type='MultilabelLocalVisualizer')"
            )
        self._cases = WorstCases(self.worst, self.thumbnail_size)

    def _collect(self, runner: Runner, outputs: Sequence[SegDataSample]) -> None:
        """Keep the images that are among the worst so far."""
        classes = runner.visualizer.dataset_meta['classes']
        for sample in outputs:
            if self.worst < 1 or 'gt_sem_seg' not in sample:
                continue
            labels, bits = split_unknown(sample.gt_sem_seg.data, len(classes))
            unknown = None if bits is None else planes_last(bits)
            reference = planes_last(labels)
            prediction = planes_last(sample.pred_sem_seg.data)
            counts = overlap_counts(without(prediction, unknown), reference, len(classes))
            known = classes_known(unknown, len(classes))
            if not known.any():
                continue
            scores = np.where(known, dice(counts), np.nan)
            mean, lowest = float(np.nanmean(scores)), int(np.nanargmin(scores))
            text = f'Dice {mean:.3f}, lowest {classes[lowest]} {scores[lowest]:.3f}'
            self._cases.add(Case(mean, sample.img_path, text, reference, prediction))

    def _draw_worst(self, runner: Runner, mode: str, total: int) -> None:
        cases = self._cases.gather()
        self._start_collecting(runner)
        if not cases or not is_main_process():
            return
        heading = f'The {counted(len(cases), "image")} with the lowest mean Dice of {total}'
        if mode == 'val':
            heading += f', iteration {runner.iter}'
        thumbnails = [
            runner.visualizer.draw_thumbnail(
                read_image(case.path, self.backend_args),
                case.reference,
                case.prediction,
                self.thumbnail_size,
            )
            for case in cases
        ]
        captions = [('/'.join(Path(case.path).parts[-2:]), case.text) for case in cases]
        sheet = runner.visualizer.draw_contact_sheet(thumbnails, captions, heading)
        runner.visualizer.add_image(f'{mode}_worst', sheet, runner.iter if mode == 'val' else 0)
        if self.out_dir and mode == 'test':
            runner.visualizer.write_picture(self.out_dir / 'worst.jpg', sheet)

    def _file_of(self, sample: SegDataSample) -> Path:
        assert self.out_dir is not None
        return self.out_dir / self._names[sample.img_path]


def _file_names(dataset: Dataset) -> dict[str, str]:
    """Name each picture after the file of its image, with its folders if names would clash."""
    paths = dataset_image_paths(dataset)
    try:
        names = name_images(paths, 'stem')
    except ValueError:
        names = name_images(paths, 'path')
    return {path: f'{name}.jpg' for path, name in zip(paths, names, strict=True)}
