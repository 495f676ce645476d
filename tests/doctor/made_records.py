"""Measured phantoms without pixels, which take milliseconds."""

from functools import cache

import numpy as np

from handbone.bones import CLASSES
from handbone.datasets.formats.annotated_image import AnnotatedImage
from handbone.datasets.polygons import pack_polygons
from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.examined import examine
from handbone.doctor.measuring import measure_image
from handbone.doctor.survey import Survey
from handbone.phantom.generator import compose

SIZE = 384


def annotated(name, polygons, size=SIZE, path=None, classes=CLASSES):
    """An image with polygons given as (class name, points)."""
    indices = [classes.index(label) for label, _ in polygons]
    packed = pack_polygons(indices, [np.asarray(points, np.float64) for _, points in polygons])
    return AnnotatedImage(name, path, size, size, packed)


@cache
def hand(index):
    """Class names and outlines of a phantom."""
    return compose(7, index, size=SIZE).polygons


def name_of(index):
    return f'ID{index // 2:03d}/image{index}_{"RL"[index % 2]}.png'


@cache
def sound_record(index):
    return measure_image('train', annotated(name_of(index), hand(index)), CLASSES)


def record(index, polygons):
    """A hand with other polygons."""
    return measure_image('train', annotated(name_of(index), polygons), CLASSES)


def survey_of(records, classes=CLASSES):
    return Survey(classes, (), tuple(records), ())


def findings_with(changed=None, count=160):
    """Findings about phantoms, some of which have other polygons, by number."""
    records = [sound_record(index) for index in range(count)]
    for index, polygons in (changed or {}).items():
        records[index] = record(index, polygons)
    return run_checks(examine(survey_of(records)))


def found(findings, index):
    """Check and class of the findings about one image."""
    return {(each.check, each.class_name) for each in findings if each.image == name_of(index)}
