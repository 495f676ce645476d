"""Bones under the names of RAM-H1200 get the same checks of fingers as under ours."""

from dataclasses import replace

import numpy as np
from made_records import annotated, found, hand, record, sound_record, survey_of

from handbone.bones import CLASSES, FINGERS, RAYS, SHORT_NAMES, bone_names
from handbone.doctor.checks.all_checks import run_checks
from handbone.doctor.examined import _chains, examine
from handbone.doctor.measuring import measure_image
from handbone.phantom.faults import FAULTS

#: Our class list, under the other names of the fingers.
RENAMED = tuple(SHORT_NAMES.get(name, name) for name in CLASSES)


def test_the_table_of_names():
    assert set(SHORT_NAMES) == set(FINGERS) and len({*SHORT_NAMES.values()}) == 19
    assert [SHORT_NAMES[name] for name in RAYS['thumb']] == ['DP1', 'PP1', 'MC1']
    assert [SHORT_NAMES[name] for name in RAYS['little']] == ['DP5', 'MP5', 'PP5', 'MC5']
    assert bone_names(RENAMED) == CLASSES == bone_names(CLASSES)
    assert _chains(RENAMED) == _chains(CLASSES) and len(_chains(CLASSES)) == 4


def test_fingers_out_of_order_whatever_their_names():
    """In a class list of another order, with classes that are no bones."""
    swapped = {'finger-7': 'finger-11', 'finger-11': 'finger-7'}
    polygons = [(swapped.get(name, name), outline) for name, outline in hand(5)]
    ours = measure_image('train', annotated('1.png', polygons), CLASSES).defects
    assert ours
    order = ('SoftTissue', *reversed(RENAMED))
    renamed = [(SHORT_NAMES.get(name, name), outline) for name, outline in polygons]
    theirs = measure_image('train', annotated('1.png', renamed, classes=order), order).defects
    assert {each.reason for each in theirs} == {
        ' '.join(_renamed(word) for word in each.reason.split(' ')) for each in ours
    }
    assert {order[each.class_index] for each in theirs} == {
        SHORT_NAMES[CLASSES[each.class_index]] for each in ours
    }
    assert {each.box for each in theirs} == {each.box for each in ours}


def _renamed(word):
    name = word.rstrip(',')
    return word.replace(name, SHORT_NAMES[name]) if name in SHORT_NAMES else word


def test_two_fingers_that_have_exchanged_names():
    rng = np.random.default_rng(21)
    _, polygons, exchanged = FAULTS['swapped-fingers'](None, hand(21), rng)
    records = [record(21, polygons) if index == 21 else sound_record(index) for index in range(60)]
    survey = replace(survey_of(records), classes=RENAMED)
    # all eight bones are named and nothing else: the hand is aligned as it should be
    assert found(run_checks(examine(survey)), 21) == {
        ('swapped-names', SHORT_NAMES[name]) for name in exchanged
    }
