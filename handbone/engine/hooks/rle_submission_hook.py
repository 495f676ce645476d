"""Writes the predictions of a test run as a CSV of run-length encoded masks."""

import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

import torch
from mmengine.dist import all_gather_object, broadcast, broadcast_object_list, get_rank
from mmengine.hooks import Hook
from mmengine.runner import Runner
from mmseg.registry import HOOKS
from mmseg.structures import SegDataSample

from handbone.errors import HandboneError, counted
from handbone.files import open_atomically
from handbone.masks import planes_last
from handbone.masks.rle import Order
from handbone.submissions.image_names import dataset_image_paths, name_images
from handbone.submissions.rle_rows import HEADER, rle_rows


@HOOKS.register_module()
class RLESubmissionHook(Hook):
    """Write ``image_name,class,rle`` of every image and class at the end of a test.

    Images are in the order of the dataset and classes in class order, each pair once, whatever the
    number of processes and the order of the sampler. ``rle`` is ``start length start length …``
    with starts counted from 1, empty for an empty mask.

    Each process keeps the rows of its images in an unnamed file next to the output, which the
    system frees even if the process is killed, and three numbers per image in memory. At the end
    process 0 collects the rows image by image through torch.distributed, so nodes need no shared
    folder, writes them to a temporary file and renames it: readers of the output see the complete
    old file or the complete new one.

    Args:
        out_file: The CSV file. Default: ``submission.csv`` in the work dir.
        order: 'C' for runs along rows, as the hand-bone challenge needs; 'F' for runs along
            columns, as in pycocotools.
        image_name: 'basename' (``image1_R.png``), 'stem' (``image1_R``) or 'path'
            (``ID001/image1_R.png``).
    """

    def __init__(
        self, out_file: str | Path | None = None, order: Order = 'C', image_name: str = 'basename'
    ) -> None:
        if order not in ('C', 'F'):
            raise HandboneError(f"RLE order must be 'C' (rows) or 'F' (columns), got {order!r}")
        self.out_file = out_file
        self.order = order
        self.image_name = image_name

    def before_test(self, runner: Runner) -> None:
        """List the images, refuse duplicate names and open the file of this process.

        Args:
            runner: The runner of the test.

        Raises:
            HandboneError: If two images would have the same name in the CSV.
            OSError: If the folder of the CSV is not writable.
        """
        dataset = runner.test_dataloader.dataset
        self._classes = tuple(dataset.metainfo['classes'])
        paths = dataset_image_paths(dataset)
        self._names = name_images(paths, self.image_name)
        self._index = {path: index for index, path in enumerate(paths)}
        self._target = Path(self.out_file or Path(runner.work_dir) / 'submission.csv').resolve()
        if self._target.is_dir():
            raise IsADirectoryError(f'the submission {self._target} is a folder: name a CSV file')
        try:
            self._target.parent.mkdir(parents=True, exist_ok=True)
            self._rows = _ImageRows(self._target.parent)
        except OSError as error:
            raise self._write_error(error) from error

    def after_test_iter(
        self,
        runner: Runner,
        batch_idx: int,
        data_batch: dict | None = None,
        outputs: Sequence[SegDataSample] | None = None,
    ) -> None:
        """Encode and store the predictions of one batch.

        Args:
            runner: The runner of the test.
            batch_idx: Number of the batch.
            data_batch: The output of the data loader; not used.
            outputs: Data samples with ``pred_sem_seg``, packed, at the size of the original image.

        Raises:
            HandboneError: If an image is not in the dataset or a prediction has a different size.
            OSError: If the rows cannot be written.
        """
        for sample in outputs or ():
            index = self._index.get(sample.img_path)
            if index is None:
                raise HandboneError(
                    f'{sample.img_path} was predicted but is not in the test dataset: its pipeline '
                    'must not change img_path'
                )
            if index in self._rows:
                continue
            encoded = self._encode(sample, self._names[index])
            try:
                self._rows.add(index, encoded)
            except OSError as error:
                self._rows.close()
                raise self._write_error(error) from error

    def after_test(self, runner: Runner) -> None:
        """Put the rows of all processes into one file.

        Args:
            runner: The runner of the test.

        Raises:
            RuntimeError: If an image was not predicted.
            OSError: If the file cannot be written; the previous file is kept.
        """
        sizes = all_gather_object(self._rows.sizes())
        owners = [
            next((rank for rank, part in enumerate(sizes) if index in part), None)
            for index in range(len(self._names))
        ]
        missing = [name for name, owner in zip(self._names, owners, strict=True) if owner is None]
        if missing:
            self._rows.close()
            raise RuntimeError(
                f'{len(missing)} of {len(owners)} images were not predicted, the first is '
                f'{missing[0]}: no submission is written. Set '
                "test_dataloader=dict(drop_last=False, sampler=dict(type='DefaultSampler', "
                'shuffle=False)).'
            )
        pieces = (
            self._rows.fetch(index, owner, sizes[owner][index])
            for index, owner in enumerate(owners)
            if owner is not None
        )
        # Only process 0 knows whether writing worked; if not, the others must stop too.
        errors = [self._write(pieces) if get_rank() == 0 else None]
        for _ in pieces:  # every process takes part in every exchange, even after a failed write
            pass
        self._rows.close()
        broadcast_object_list(errors)
        if errors[0] is not None:
            raise self._write_error(errors[0]) from errors[0]
        runner.logger.info(
            f'Wrote {counted(len(owners) * len(self._classes), "row")} '
            f'({counted(len(owners), "image")}, {counted(len(self._classes), "class")}) to '
            f'{self._target}'
        )

    def _encode(self, sample: SegDataSample, name: str) -> bytes:
        packed = planes_last(sample.pred_sem_seg.data)
        expected = sample.metainfo.get('ori_shape')
        if expected is not None and tuple(expected[:2]) != packed.shape[:2]:
            raise HandboneError(
                f'{sample.img_path} is {expected[0]} x {expected[1]}, its prediction '
                f'{packed.shape[0]} x {packed.shape[1]}: runs would point at the wrong pixels. '
                'The model must predict at the size of the original image.'
            )
        try:
            return rle_rows(name, self._classes, packed, self.order)
        except ValueError as error:
            raise HandboneError(
                f'{sample.img_path}: the prediction cannot be written as RLE: {error} The model '
                f'must predict a packed label map of the {counted(len(self._classes), "class")}.'
            ) from error

    def _write(self, pieces: Iterable[bytes]) -> OSError | None:
        try:
            with open_atomically(self._target) as file:
                file.write(HEADER)
                for rows in pieces:
                    file.write(rows)
        except OSError as error:
            return error
        return None

    def _write_error(self, error: OSError) -> OSError:
        reason = error.__cause__ if isinstance(error.__cause__, OSError) else error
        return OSError(
            error.errno,
            f'Cannot write the submission: {reason.strerror}. Nothing was changed there; free '
            f'space in {self._target.parent} or set out_file to a different place, and test again',
            str(self._target),
        )


class _ImageRows:
    """The rows of one process, in an unnamed file.

    Args:
        folder: Where the file takes up space.
    """

    def __init__(self, folder: Path) -> None:
        # Unbuffered: a buffer that could not be written would be tried again on closing.
        self._file = tempfile.TemporaryFile(dir=folder, buffering=0)  # noqa: SIM115
        self._places: dict[int, tuple[int, int]] = {}
        self._end = 0

    def __contains__(self, index: int) -> bool:
        return index in self._places

    def add(self, index: int, rows: bytes) -> None:
        """Append the rows of an image."""
        rest = memoryview(rows)
        while rest:
            rest = rest[self._file.write(rest) :]
        self._places[index] = (self._end, len(rows))
        self._end += len(rows)

    def sizes(self) -> dict[int, int]:
        """Bytes of each image's rows, by index of the image."""
        return {index: size for index, (_, size) in self._places.items()}

    def fetch(self, index: int, owner: int, size: int) -> bytes:
        """Get the rows of an image from the process that has them; all processes must call it."""
        rows = bytearray(size)
        if get_rank() == owner:
            self._file.seek(self._places[index][0])
            self._file.readinto(rows)
        if owner != 0:
            broadcast(torch.frombuffer(rows, dtype=torch.uint8), src=owner)
        return bytes(rows)

    def close(self) -> None:
        """Free the space."""
        self._file.close()
