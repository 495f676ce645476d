"""Pairs of images and annotation files, and files without a partner."""

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from .errors import DatasetError
from .file_list import ImageFile


def image_without_annotation(
    path: Path, folder: Path, image: ImageFile, suffix: str
) -> DatasetError:
    """Describe an image that has no annotation file.

    Args:
        path: The image.
        folder: The folder of the annotation files.
        image: Its entry in the list of files.
        suffix: Suffix of annotation files.

    Returns:
        The error to raise or report.
    """
    return DatasetError.at(
        path,
        f'the image has no annotation file (expected {folder / (image.key + suffix)})',
        'Add the file, remove the image, or set test_mode=True to predict only',
    )


def annotations_without_image(
    folder: Path,
    annotations: Collection[ImageFile],
    images: Sequence[ImageFile],
    patients: Collection[str] | None = None,
) -> list[DatasetError]:
    """List the annotation files that belong to no image.

    Args:
        folder: The folder of the annotation files.
        annotations: All annotation files.
        images: All images.
        patients: Patients to check; None checks all.

    Returns:
        One problem per file.
    """
    keys = {image.key for image in images}
    return [
        DatasetError.at(
            folder / annotation.name,
            'there is no image with the name of this annotation file',
            'Add the image or remove the annotation file',
        )
        for annotation in annotations
        if annotation.key not in keys and (patients is None or annotation.patient in patients)
    ]


def check_all_or_none(
    folder: Path, annotations: Mapping[str, ImageFile], images: Sequence[ImageFile]
) -> None:
    """Check that either all images of a test set have annotations or none of them has.

    A score of the annotated part could be mistaken for the score of the whole set.

    Args:
        folder: The folder of the annotation files.
        annotations: Annotation files by key.
        images: The images.

    Raises:
        DatasetError: Only some images have annotations.
    """
    missing = [image for image in images if image.key not in annotations]
    if missing and len(missing) < len(images):
        raise DatasetError.at(
            folder,
            f'{len(missing)} of {len(images)} test images have no annotation file, '
            f'the first is {missing[0].name}',
            'Add the files, or remove ann_path from data_prefix to predict only',
        )
