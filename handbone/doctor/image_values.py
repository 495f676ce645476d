"""What is known of every image: numbers and words, from pixels, labels, headers and a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from handbone.datasets.attribute_values import UNKNOWN, bend_word, side_of
from handbone.metadata.patient_table import is_number

from .examined import Examined

#: Columns of words with more different ones are not listed.
MOST_WORDS = 12
#: Elements of DICOM headers by the name of the attribute.
DICOM_WORDS = {
    'view position': 'ViewPosition',
    'body part': 'BodyPartExamined',
    'side in the header': 'Laterality',
    'photometric interpretation': 'PhotometricInterpretation',
}


@dataclass(frozen=True)
class ImageValues:
    """Values of N images.

    Attributes:
        splits: (N,), the part that each image is in.
        numbers: By attribute, (N,) float64, NaN where it is not known.
        words: By attribute, (N,) of texts.
    """

    splits: np.ndarray
    numbers: Mapping[str, np.ndarray]
    words: Mapping[str, np.ndarray]


def image_values(examined: Examined) -> ImageValues:
    """Collect what is known of the images.

    Args:
        examined: The data.

    Returns:
        The values; an attribute that no image has is left out.

    Raises:
        HandboneError: No patient of the data is in the table.
    """
    records, patients = examined.survey.records, examined.patients
    numbers, words = _measured(examined), _named(examined)
    names = [record.patient for record in records]
    for column in patients.columns if patients else ():
        values = patients.values(column, names) if patients else []
        title = f'{column} (table)' if column in numbers or column in words else column
        if any(values) and all(is_number(value) for value in values if value):
            numbers[title] = np.array([float(value or 'nan') for value in values])
        elif len(set(values)) <= MOST_WORDS:
            words[title] = np.array([value or UNKNOWN for value in values])
    return ImageValues(
        np.array([record.split for record in records]),
        {name: values for name, values in numbers.items() if np.isfinite(values).any()},
        {name: values for name, values in words.items() if set(values.tolist()) != {UNKNOWN}},
    )


def _measured(examined: Examined) -> dict[str, np.ndarray]:
    records, survey = examined.survey.records, examined.survey
    pixels = [record.pixels for record in records]
    spacings = [record.header.spacing or (np.nan,) for record in records]
    found: dict[str, Sequence[float] | np.ndarray] = {
        'rows': [record.height for record in records],
        'columns': [record.width for record in records],
        'mm per pixel': [spacing[0] for spacing in spacings],
        'exposure: dark end': [each.low if each else np.nan for each in pixels],
        'exposure: median grey value': [each.middle if each else np.nan for each in pixels],
        'exposure: bright end': [each.high if each else np.nan for each in pixels],
        'exposure: share of the largest value': [each.white if each else np.nan for each in pixels],
        'classes': np.where(survey.labelled, survey.present.sum(axis=1), np.nan),
        'labelled share': [
            record.classes.areas.sum() / (record.height * record.width)
            if record.labelled
            else np.nan
            for record in records
        ],
        'bend of the wrist in degrees': [record.bend for record in records],
    }
    if examined.aligned is not None:
        scales, matrices = examined.aligned.scales, examined.aligned.matrices
        found['size of the labelled structure'] = scales / [
            max(record.height, record.width) for record in records
        ]
        found['turn in degrees'] = np.degrees(np.arctan2(-matrices[:, 0, 1], matrices[:, 1, 1]))
    if examined.model is not None:
        distances = np.full(len(records), np.nan)
        for shape in examined.shapes:
            distances[shape.row] = np.nanmedian(shape.distances)
        found['how unusual the places are'] = distances
    return {name: np.asarray(values, np.float64) for name, values in found.items()}


def _named(examined: Examined) -> dict[str, np.ndarray]:
    records = examined.survey.records
    found = {
        'side in the name': [side_of(record.name) for record in records],
        'wrist': [bend_word(record.bend) for record in records],
    }
    for name, keyword in DICOM_WORDS.items():
        found[name] = [record.header.dicom.get(keyword) or UNKNOWN for record in records]
    return {name: np.array(values) for name, values in found.items()}
