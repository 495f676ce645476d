"""mmengine visualizer of overlapping masks."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from mmengine.dist import master_only
from mmengine.visualization import MLflowVisBackend, Visualizer
from mmseg.registry import VISUALIZERS
from mmseg.structures import SegDataSample

from handbone.errors import HandboneError
from handbone.masks import planes_last

from .comparison import draw_comparison, short_path
from .contact_sheet import draw_contact_sheet, draw_thumbnail
from .overlay import Color
from .picture_file import write_picture


@VISUALIZERS.register_module()
class MultilabelLocalVisualizer(Visualizer):
    """Draws packed label maps: translucent fills, outlines, numbers and a legend.

    If both the reference and the prediction are given, they are drawn side by side and the legend
    shows the Dice of each class. Pictures reach mmengine's backends through ``add_image`` alone, so
    local files, TensorBoard, MLflow, W&B and the others all work.

    Args:
        name: Name of the instance.
        image: Image that mmengine's own drawing functions start from; not needed here.
        vis_backends: Configs of the backends.
        save_dir: Folder of the backends' files.
        classes: Class names. Default: those of the dataset, which the runner passes on.
        palette: RGB colours of the classes. Default: those of the dataset, otherwise distinct ones.
        alpha: Share of the colour in a fill, 0 to 1.
        panel_size: Longer side of each panel in pixels; None keeps that of the image.
        line_width: Width of the outlines. Default: 2 at 1024 pixels, scaled with the size.
        **settings: Further arguments of :class:`mmengine.visualization.Visualizer`.
    """

    def __init__(
        self,
        name: str = 'visualizer',
        image: np.ndarray | None = None,
        vis_backends: list[dict] | dict | None = None,
        save_dir: str | None = None,
        classes: Sequence[str] | None = None,
        palette: Sequence[Color] | None = None,
        alpha: float = 0.25,
        panel_size: int | None = 1024,
        line_width: int | None = None,
        **settings: object,
    ) -> None:
        super().__init__(name, image, vis_backends, save_dir, **settings)
        self.alpha = alpha
        self.panel_size = panel_size
        self.line_width = line_width
        self.dataset_meta = {'classes': classes, 'palette': palette} if classes else None

    @property
    def dataset_meta(self) -> dict | None:
        """Metainfo of the dataset, in every process, because each draws its share of a test."""
        return self._dataset_meta

    @dataset_meta.setter
    def dataset_meta(self, dataset_meta: dict | None) -> None:
        self._dataset_meta = dataset_meta

    def draw_datasample(
        self,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        with_labels: bool = True,
        with_image: bool = False,
    ) -> np.ndarray:
        """Draw a data sample without showing or storing it.

        Args:
            image: (H, W) or (H, W, 3) RGB.
            data_sample: With ``gt_sem_seg`` or ``pred_sem_seg`` or both, packed int32 (P, H, W).
            draw_gt: Draw the reference if there is one.
            draw_pred: Draw the prediction if there is one.
            with_labels: Number the masks and add headings and a legend.
            with_image: Add the image without masks on the left.

        Returns:
            RGB, uint8.

        Raises:
            HandboneError: If the class names are not known.
        """
        data_sample = SegDataSample() if data_sample is None else data_sample
        return draw_comparison(
            image,
            *self._classes_and_palette(),
            packed_map(data_sample, 'gt_sem_seg') if draw_gt else None,
            packed_map(data_sample, 'pred_sem_seg') if draw_pred else None,
            title=short_path(data_sample.get('img_path', '')),
            panel_size=self.panel_size,
            alpha=self.alpha,
            line_width=self.line_width,
            with_labels=with_labels,
            with_image=with_image,
        )

    def draw_thumbnail(
        self, image: np.ndarray, reference: np.ndarray, prediction: np.ndarray, size: int = 480
    ) -> np.ndarray:
        """Draw a small picture of a prediction over the outlines of the reference in white.

        Args:
            image: (H, W) or (H, W, 3) RGB.
            reference: Packed map, (h, w) or (h, w, P), of any resolution.
            prediction: Packed map of the same shape.
            size: Longer side in pixels.

        Returns:
            RGB, uint8.
        """
        return draw_thumbnail(image, *self._classes_and_palette(), reference, prediction, size)

    def draw_contact_sheet(
        self, pictures: Sequence[np.ndarray], captions: Sequence[tuple[str, str]], heading: str
    ) -> np.ndarray:
        """Arrange thumbnails on one page.

        Args:
            pictures: Thumbnails, RGB, uint8; at least one.
            captions: Two lines per thumbnail.
            heading: Text at the top.

        Returns:
            RGB, uint8.
        """
        return draw_contact_sheet(pictures, captions, heading)

    def write_picture(self, path: str | Path, picture: np.ndarray) -> None:
        """Write a picture to a file, in the format of its extension.

        Args:
            path: The file; its folder is created if needed.
            picture: RGB, uint8.

        Raises:
            OSError: If the file cannot be written; what was there before is kept.
        """
        write_picture(path, picture)

    def _classes_and_palette(self) -> tuple[Sequence[str], Sequence[Color] | None]:
        if self.dataset_meta is None:
            raise HandboneError(
                'The visualizer does not know the classes: pass classes=(…), or set its '
                'dataset_meta to the metainfo of the dataset.'
            )
        return self.dataset_meta['classes'], self.dataset_meta.get('palette')

    @master_only
    def add_image(self, name: str, image: np.ndarray, step: int = 0) -> None:
        """Hand a picture to the backends.

        MLflow's takes the name for that of a file, by whose extension it chooses a format, and
        leaves the step out, so that a picture would replace the one before: it gets
        ``<name>_<step>.png``.

        Args:
            name: Name of the picture.
            image: RGB, uint8.
            step: Step of the training.
        """
        for backend in self._vis_backends.values():
            title = f'{name}_{step}.png' if isinstance(backend, MLflowVisBackend) else name
            backend.add_image(title, image, step)

    @master_only
    def add_datasample(
        self,
        name: str,
        image: np.ndarray,
        data_sample: SegDataSample | None = None,
        draw_gt: bool = True,
        draw_pred: bool = True,
        show: bool = False,
        wait_time: float = 0,
        out_file: str | None = None,
        step: int = 0,
        with_labels: bool = True,
        with_image: bool = False,
    ) -> None:
        """Draw a data sample and show it, write it to a file or pass it to the backends.

        Args:
            name: Name of the picture in the backends and title of the window.
            image: (H, W) or (H, W, 3) RGB.
            data_sample: With ``gt_sem_seg`` or ``pred_sem_seg`` or both, packed int32 (P, H, W).
            draw_gt: Draw the reference if there is one.
            draw_pred: Draw the prediction if there is one.
            show: Open a window instead of passing the picture to the backends.
            wait_time: Seconds until the window closes; 0 keeps it open.
            out_file: Write the picture to this file instead of passing it to the backends.
            step: Step of the picture in the backends.
            with_labels: Number the masks and add headings and a legend.
            with_image: Add the image without masks on the left.
        """
        picture = self.draw_datasample(
            image, data_sample, draw_gt, draw_pred, with_labels, with_image
        )
        if show:
            self.show(picture, win_name=name, wait_time=wait_time)
        if out_file is not None:
            write_picture(out_file, picture)
        elif not show:
            self.add_image(name, picture, step)


def packed_map(data_sample: SegDataSample, field: str) -> np.ndarray | None:
    """Get a packed map from a data sample.

    Args:
        data_sample: The data sample.
        field: 'gt_sem_seg' or 'pred_sem_seg'.

    Returns:
        Packed map, (H, W) or (H, W, P), or None if the sample has none.
    """
    if field not in data_sample:
        return None
    planes = data_sample.get(field).data
    if field == 'gt_sem_seg':  # what is unknown comes behind the labels, and is not drawn
        planes = planes[: len(planes) - data_sample.metainfo.get('unknown_planes', 0)]
    return planes_last(planes)
