"""Pictures of the predicted masks over the radiographs."""

from collections.abc import Sequence
from pathlib import Path

from handbone.outputs.prediction import Prediction
from handbone.visualization import draw_masks
from handbone.visualization.picture_file import write_picture

from .writer import OutputWriter

FOLDER = 'overlays'
LONGER_SIDE = 1024  # pixels; the bones are to be seen at once on a screen


class OverlayWriter(OutputWriter):
    """Writes ``overlays/NAME.jpg``: the masks, numbered, over the radiograph.

    Args:
        out_dir: Folder of the outputs.
        classes: Class names in bit order.
        palette: RGB colours, 0 to 255, one a class; distinct ones where there are none.
    """

    def __init__(
        self,
        out_dir: Path,
        classes: Sequence[str],
        palette: Sequence[tuple[int, int, int]] | None = None,
    ) -> None:
        self._folder = Path(out_dir) / FOLDER
        self._classes = tuple(classes)
        self._palette = palette

    def write(self, prediction: Prediction) -> None:
        """Draw one image; see :class:`OutputWriter`."""
        image = prediction.radiograph.image
        picture = draw_masks(
            image,
            prediction.labels,
            self._classes,
            self._palette,
            size=min(LONGER_SIDE, max(image.shape)),
            numbers=True,
        )
        write_picture(self._folder / f'{prediction.name}.jpg', picture)
