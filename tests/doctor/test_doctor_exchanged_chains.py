"""Names that are exchanged among few classes, which turn the whole image when it is aligned."""

from itertools import combinations

import numpy as np
import pytest
from made_records import annotated, survey_of

from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image

# a chest in shares of the image: centre and half axes
STRUCTURES = {
    'right_lung': (0.28, 0.50, 0.13, 0.26),
    'left_lung': (0.72, 0.51, 0.11, 0.25),
    'heart': (0.56, 0.64, 0.13, 0.10),
    'right_clavicle': (0.36, 0.20, 0.09, 0.02),
    'left_clavicle': (0.64, 0.20, 0.09, 0.02),
}
CLASSES, SIZE = tuple(STRUCTURES), 384


def chest(number, exchanged=()):
    """Outlines of one patient, whose structures vary in place and size."""
    rng = np.random.default_rng(number)
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    scale, shift = rng.uniform(0.85, 1.0), rng.uniform(-0.04, 0.04, 2)
    names = dict(zip(exchanged, reversed(exchanged), strict=True))
    polygons = []
    for name, (x, y, *axes) in STRUCTURES.items():
        centre = (np.array([x, y]) + rng.normal(0, 0.028, 2) - 0.5) * scale + 0.5 + shift
        outline = centre + circle * axes * scale * rng.normal(1, 0.12, 2)
        polygons.append((names.get(name, name), np.clip(outline, 0.001, 0.999) * SIZE))
    return measure_image(
        'train', annotated(f'{number}.png', polygons, SIZE, None, CLASSES), CLASSES
    )


@pytest.fixture(scope='module')
def sound():
    return [chest(number) for number in range(60)]


@pytest.mark.parametrize('pair', list(combinations(CLASSES, 2)))
def test_any_two_classes(sound, pair):
    records = list(sound)
    for number in (3, 20, 41):
        records[number] = chest(number, pair)
    found = {
        (each.image, each.check, each.class_name)
        for each in run_checks(examine(survey_of(records, CLASSES)))
    }
    assert found == {
        (f'{number}.png', 'swapped-names', name) for number in (3, 20, 41) for name in pair
    }
