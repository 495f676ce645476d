"""The table of images that could not be predicted, which a run adds to."""

import pandas as pd

from .folder import ArchiveFolder


class Failures:
    """Failures of earlier runs that still hold, and those of this run.

    A failure belongs to the bytes of an image and to a model. One without a hash is that of a file
    that could not be opened, and holds for all models.

    Args:
        folder: The archive.
        model_hash: The model that predicts.
    """

    def __init__(self, folder: ArchiveFolder, model_hash: str) -> None:
        self._folder = folder
        self._model_hash = model_hash
        self._earlier = folder.failures()
        self._new: list[dict[str, str | None]] = []

    def forget(self, images: pd.DataFrame) -> None:
        """Drop the failures of images that are to be tried again.

        Args:
            images: ``image`` and ``image_hash``.
        """
        same = self._earlier['image'].isin(images['image'])
        same |= self._earlier['image_hash'].isin(images['image_hash'].dropna())
        self._earlier = self._earlier[~(same & self._of_model())]

    def forget_changed(self, images: pd.DataFrame) -> None:
        """Drop the failures of images whose bytes have changed.

        Args:
            images: ``image`` and ``image_hash`` as they are now.
        """
        now = self._earlier['image'].map(images.set_index('image')['image_hash'])
        listed = self._earlier['image'].isin(images['image'])
        same = now.fillna('') == self._earlier['image_hash'].fillna('')
        self._earlier = self._earlier[~listed | same]

    def add(self, image: str, image_hash: str | None, error: str) -> None:
        """Add a failure of this run."""
        of = None if image_hash is None else self._model_hash
        row = {'image': image, 'image_hash': image_hash, 'model_hash': of, 'error': error}
        self._new.append(row)

    def hashes(self) -> set[str]:
        """Return the hashes of the images at which this model failed in earlier runs."""
        return set(self._earlier.loc[self._of_model(), 'image_hash'].dropna())

    def earlier(self, images: pd.DataFrame) -> int:
        """Count the failures of earlier runs among images."""
        unread = self._earlier['image_hash'].isna() & self._earlier['image'].isin(images['image'])
        return int(images['image_hash'].isin(self.hashes()).sum() + unread.sum())

    def new(self) -> pd.DataFrame:
        """Return this run's failures: ``image``, ``image_hash``, ``model_hash`` and ``error``."""
        return pd.DataFrame(self._new, columns=self._earlier.columns)

    def save(self) -> None:
        """Write the table."""
        frames = [frame for frame in (self._earlier, self.new()) if len(frame)]
        self._folder.write_failures(pd.concat(frames) if frames else self._earlier)

    def _of_model(self) -> pd.Series:
        model = self._earlier['model_hash']
        return model.isna() | (model == self._model_hash)
