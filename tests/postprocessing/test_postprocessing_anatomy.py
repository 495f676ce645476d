"""Flags for a reader: none for sound hands, one for each fault put into them."""

from dataclasses import replace

import numpy as np
import pytest
from made_hands import BIT, SIZE, beside, clear, labels_of, moved, parted, swap

from handbone.bones import CARPALS, CLASSES, FINGERS, RAYS
from handbone.masks import class_mask
from handbone.phantom import PRESETS
from handbone.postprocessing import check_hand, flags_of, shows_hand
from handbone.postprocessing.bone_areas import drawn_twice, relative_areas
from handbone.postprocessing.bone_shapes import bone_shapes
from handbone.postprocessing.growing_hand import is_growing


@pytest.fixture(scope='module')
def hands():
    """Sound hands, half of them from the preset of bent wrists."""
    presets = ('default', 'shift')
    return [labels_of(PRESETS[presets[index % 2]].test, 11, index) for index in range(100)]


def test_sound_hands(hands):
    flagged = [flags for flags in map(check_hand, hands) if flags]
    assert len(flagged) <= 1, flagged


def test_adults_do_not_grow(hands):
    assert not any(is_growing(dict(bone_shapes(labels, CLASSES))) for labels in hands)


def test_labels_stay(hands):
    labels = hands[0].copy()
    check_hand(labels)
    np.testing.assert_array_equal(labels, hands[0])


@pytest.mark.parametrize('name', ['finger-1', 'Pisiform', 'Ulna'])
def test_missing(hands, name):
    for labels in hands[:5]:
        assert check_hand(clear(labels, name)) == (f'missing: {name}',)


def test_nothing_there():
    assert check_hand(np.zeros((64, 64), np.int32)) == ('no bone was found',)


def test_hands_are_told_from_scattered_bones(hands):
    """The bones are those of a hand, moved to random places."""
    generator = np.random.default_rng(0)
    for labels in hands[:20]:
        assert shows_hand(labels)
        scattered = np.zeros_like(labels)
        for name in CLASSES:
            scattered |= moved(labels, name, tuple(generator.integers(0, SIZE, 2)))
        assert not shows_hand(scattered)
        assert 'this does not look like a hand' in check_hand(scattered)


def test_two_fingers_are_a_hand(hands):
    for labels in hands[:20]:
        few = labels & np.int32(sum(1 << BIT[name] for name in RAYS['index'] + RAYS['little']))
        assert shows_hand(few)


def test_less_than_two_fingers_is_not_a_hand(hands):
    """Clocks and maps have as many bones that adjoin by chance."""
    for labels in hands[:20]:
        few = labels & np.int32(sum(1 << BIT[name] for name in RAYS['index'] + RAYS['little']))
        assert not shows_hand(clear(few, 'finger-4'))


def test_several_missing(hands):
    labels = clear(hands[0], 'Lunate', 'finger-4')
    assert check_hand(labels) == ('missing: finger-4, Lunate',)


def test_two_bones_of_one_class(hands):
    for labels in hands[:10]:
        both = labels | class_mask(labels, BIT['finger-9']).astype(np.int32) << BIT['Lunate']
        assert 'Lunate is in 2 separate places' in check_hand(both)


@pytest.mark.parametrize('name', [*FINGERS, 'Capitate', 'Lunate'])
def test_a_bone_drawn_twice_side_by_side(hands, name):
    for labels in hands[:5]:
        flags = check_hand(labels | beside(labels, name))
        assert f'{name} is drawn twice, side by side' in flags
        assert not any('separate places' in flag for flag in flags)


@pytest.mark.parametrize(
    ('parts', 'twice'),
    [
        ((1.0, 1.0), True),
        ((1.0, 0.5, 0.1), True),  # the smaller phalanx beside it
        ((1.2, 0.2), False),  # an epiphysis
        ((0.5, 0.5), False),  # what a ring parts
        ((0.7, 0.3), False),
        ((1.6,), False),
    ],
)
def test_parts_as_large_as_the_bone(hands, parts, twice):
    """Parts in multiples of the area that the other bones let expect."""
    bones = dict(bone_shapes(hands[0], CLASSES))
    expected = bones['finger-5'].area / relative_areas(bones)['finger-5']
    pieces = np.rint(np.array(parts) * expected).astype(int)
    bones['finger-5'] = replace(bones['finger-5'], area=int(pieces.sum()), pieces=pieces)
    assert drawn_twice(bones) == (('finger-5',) if twice else ())


@pytest.mark.parametrize('name', ['finger-6', 'finger-9', 'finger-15', 'finger-16'])
def test_a_bone_that_is_parted_is_not_drawn_twice(hands, name):
    for labels in hands[:10]:
        halves = parted(labels, name)
        assert len(dict(bone_shapes(halves, CLASSES))[name].pieces) == 2
        assert check_hand(halves) == check_hand(labels)


def test_two_hands(hands):
    for first, second in zip(hands[:10:2], hands[1:10:2], strict=True):
        both = np.concatenate([first, second[:, ::-1]], axis=1)
        (flag,) = check_hand(both)
        assert 'are these two hands?' in flag
        assert shows_hand(both)


def test_bones_in_two_places_anywhere_are_not_two_hands(hands):
    generator = np.random.default_rng(0)
    for labels in hands[:10]:
        doubled = labels.copy()
        for name in CLASSES[:20]:
            doubled |= moved(labels, name, tuple(generator.integers(0, SIZE, 2)))
        flags = check_hand(doubled)
        assert sum('separate places' in flag for flag in flags) >= 12
        assert not any('two hands' in flag for flag in flags)


def test_few_bones_in_two_places_are_not_two_hands(hands):
    """As a network finds them in an image without a hand."""
    for labels in hands[:10]:
        few = clear(labels, *CLASSES[5:])
        assert not shows_hand(np.concatenate([few, few], axis=1))


def test_carpals_that_an_adult_lacks_are_missing(hands):
    """Also those that ossify last, and all of them."""
    late = ('Trapezium', 'Trapezoid', 'Scaphoid', 'Pisiform')
    for labels in hands[:5]:
        for names in (('Capitate',), ('Pisiform',), late, CARPALS):
            (flag,) = check_hand(clear(labels, *names))
            assert set(flag.removeprefix('missing: ').split(', ')) == set(names)


def test_specks_are_no_second_bone(hands):
    labels = hands[0].copy()
    labels[2:6, 2:6] |= np.int32(1 << BIT['finger-7'])
    assert class_mask(hands[0], BIT['finger-7']).sum() > 10 * 16
    assert check_hand(labels) == ()


@pytest.mark.parametrize(
    'pair', [pair for bones in RAYS.values() for pair in zip(bones, bones[1:], strict=False)]
)
def test_neighbours_in_a_finger_swapped(hands, pair):
    """Found in every hand, and the finger is named."""
    ray = next(ray for ray, bones in RAYS.items() if pair[0] in bones)
    for labels in hands[:20]:
        flags = check_hand(swap(labels, *pair))
        assert any(f'the {ray}' in flag for flag in flags), pair


@pytest.mark.parametrize('pair', [('finger-5', 'finger-9'), ('finger-14', 'finger-18')])
def test_same_bones_of_two_fingers_swapped(hands, pair):
    found = [bool(check_hand(swap(labels, *pair))) for labels in hands[:20]]
    assert np.mean(found) >= 0.9


def test_fingers_swapped(hands):
    """Whole fingers in each other's place are each in order; their metacarpals are not."""
    for labels in hands[:10]:
        for first, second in zip(RAYS['middle'], RAYS['ring'], strict=True):
            labels = swap(labels, first, second)
        assert any(flag.startswith('the metacarpals') for flag in check_hand(labels))


def test_proportions(hands):
    for labels in hands[:10]:
        small = clear(labels, 'finger-6')
        rows, columns = np.nonzero(class_mask(labels, BIT['finger-6']))
        kept = np.abs(rows - rows.mean()) + np.abs(columns - columns.mean())
        few = kept < np.quantile(kept, 0.2)
        small[rows[few], columns[few]] |= np.int32(1 << BIT['finger-6'])
        (flag,) = [flag for flag in check_hand(small) if 'times the area' in flag]
        assert flag.startswith('finger-6 has 0.')


def test_other_classes_are_not_checked(hands):
    labels = clear(hands[0], 'Lunate')
    assert flags_of(labels, CLASSES) == flags_of(labels, list(CLASSES)) == ('missing: Lunate',)
    assert flags_of(labels, CLASSES[:5]) == flags_of(labels, ('lung', 'heart')) == ()
