"""Work units: the images whose runs go into one file."""

import hashlib
from collections.abc import Collection, Iterator

import duckdb
import pandas as pd
import pyarrow as pa

from handbone.errors import HandboneError
from handbone.listing import normal_form

from .folder import ArchiveFolder

#: Hexadecimal digits of the image's hash that name its folder: sixteen folders per model, so that
#: small archives are not split into hundreds of files, nor large ones into folders of tens of
#: thousands.
PREFIX_DIGITS = 1


def predicted_hashes(folder: ArchiveFolder, model_hash: str) -> set[str]:
    """Find the images that a model has predicted.

    Args:
        folder: The archive.
        model_hash: The model.

    Returns:
        Hashes of the images.

    Raises:
        HandboneError: If a file of the archive cannot be read.
    """
    files = folder.runs / f'model_hash={model_hash}'
    if not any(files.rglob('*.parquet')):
        return set()
    query = 'SELECT DISTINCT image_hash FROM read_parquet(?)'
    try:
        with duckdb.connect() as connection:
            rows = connection.execute(query, [str(files / '**' / '*.parquet')]).fetchall()
    except duckdb.Error as error:
        reason = str(error).partition('\n')[0]
        raise HandboneError(
            f'{files} cannot be read ({reason}): remove the damaged file, its images are then '
            'predicted again'
        ) from error
    return {row[0] for row in rows}


def predicted_images(folder: ArchiveFolder, model_hash: str, images: pd.DataFrame) -> pd.DataFrame:
    """Choose the images that a model has predicted, whose names tell them apart.

    Args:
        folder: The archive.
        model_hash: The model.
        images: ``image``, ``image_name`` and ``image_hash`` of the images to choose from.

    Returns:
        Their rows.

    Raises:
        HandboneError: If two of them have one name, or a file of the archive cannot be read.
    """
    predicted = images[images['image_hash'].isin(predicted_hashes(folder, model_hash))]
    names = predicted['image_name'].map(normal_form)
    double = names[names.duplicated()]
    if len(double):
        one, other = predicted.loc[names == double.iloc[0], 'image'][:2]
        raise HandboneError(
            f'{folder.root}: {one} and {other} would both be named {double.iloc[0]!r}: predict '
            'both in one run, which names them by their folders, or write a CSV with one of them: '
            '`handbone archive-to-csv --images LIST`'
        )
    return predicted


def cut_work_units(images: pd.DataFrame, done: Collection[str], size: int) -> Iterator[pa.Table]:
    """Divide what is left to predict into work units.

    Args:
        images: ``image`` and ``image_hash``; several images may have one hash.
        done: Hashes of images that need no prediction.
        size: Largest number of images in a work unit.

    Yields:
        ``image`` and ``image_hash`` of a work unit, each hash once, rising, with the same prefix.
    """
    left = images.loc[~images['image_hash'].isin(done), ['image', 'image_hash']]
    left = left.drop_duplicates('image_hash').sort_values('image_hash', kind='stable')
    for _, of_prefix in left.groupby(left['image_hash'].str[:PREFIX_DIGITS]):
        for start in range(0, len(of_prefix), size):
            yield pa.Table.from_pandas(of_prefix[start : start + size], preserve_index=False)


def work_unit_file(model_hash: str, image_hashes: Collection[str]) -> str:
    """Name the file of a work unit: processes that predict the same images write the same file.

    Args:
        model_hash: The model.
        image_hashes: Hashes of the images in order.

    Returns:
        Path below the folder of runs.
    """
    first = next(iter(image_hashes))
    digest = hashlib.sha256('\n'.join(image_hashes).encode()).hexdigest()
    prefix = first[:PREFIX_DIGITS]
    return f'model_hash={model_hash}/image_prefix={prefix}/{first[:8]}-{digest[:16]}.parquet'
