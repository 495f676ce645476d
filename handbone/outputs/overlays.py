"""Pictures of the predicted masks over the radiographs."""

from collections.abc import Sequence
from pathlib import Path

from handbone.outputs.prediction import Prediction
from handbone.visualization import draw_masks
from handbone.visualization.picture_file import encode_picture

from .writer import ImageFileWriter

FOLDER = 'overlays'
SUFFIX = '.jpg'
LONGER_SIDE = 1024  # pixels; the bones are to be seen at once on a screen
#: Pixels of labels that a pixel of the picture is drawn from, along each side; more show no better
#: and would take several times the memory of the labels.
FINEST = 4


class OverlayWriter(ImageFileWriter):
    """Writes ``overlays/NAME.jpg``: the masks, numbered, over the radiograph.

    Args:
        out_dir: Folder of the outputs.
        classes: Class names in bit order.
        palette: RGB colours, 0 to 255, one per class; distinct ones where there are none.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] | None = None,
    ) -> None:
        super().__init__(Path(out_dir) / FOLDER, SUFFIX)
        self._classes = tuple(classes)
        self._palette = palette

    def encode(self, prediction: Prediction) -> bytes:
        """Draw one image; see the base class."""
        image = prediction.radiograph.image
        step = max(1, max(prediction.labels.shape[:2]) // (FINEST * LONGER_SIDE))
        picture = draw_masks(
            image,
            prediction.labels[step // 2 :: step, step // 2 :: step],
            self._classes,
            self._palette,
            size=min(LONGER_SIDE, max(image.shape)),
            numbers=True,
        )
        return encode_picture(picture, SUFFIX)
