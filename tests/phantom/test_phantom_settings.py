"""Settings of phantoms: documented, refused out of their limits, and each of them counts."""

import inspect
import re
from dataclasses import fields, replace
from functools import cache
from math import inf, nan
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.errors import HandboneError, shown
from handbone.phantom import PRESETS, PhantomSettings, WildSettings, generate
from handbone.phantom.wild.generator import generate_wild

PAGE = Path(__file__).parents[2] / 'docs' / 'phantom_settings.md'
WILD = PRESETS['wild'].train
GROUPS = [one.name for one in fields(WildSettings)]
FIELDS = [
    (group, one.name, one.metadata['limits'], isinstance(one.default, tuple))
    for group in GROUPS
    for one in fields(getattr(WILD, group))
]
#: Rates of what would hide other settings, or that exclude each other.
SELDOM = (
    *('absent_rate', 'black_rate', 'inverted_rate', 'two_exposures_rate', 'cut_out_rate'),
    *('closed_fingers_rate', 'crossed_fingers_rate', 'infant_rate', 'child_rate', 'oblique_rate'),
    *('outside_rate', 'small_rate', 'sheet_rate', 'upright_rate', 'turned_rate', 'cut_rate'),
    *('on_hand_rate', 'low_dose_rate'),
)


def with_field(base, group, name, value):
    return replace(base, **{group: replace(getattr(base, group), **{name: value})})


def busy():
    """Wild settings with nearly everything in every image, on film of good contrast."""
    full = WILD
    for group, name, _, _ in FIELDS:
        if name.endswith('_rate') and name not in SELDOM:
            full = with_field(full, group, name, 1.0)
    for name in ('board_rate', 'metal_strap_rate', 'finger_splint_rate', 'missing_tip_rate'):
        group = next(group for group, other, _, _ in FIELDS if other == name)
        full = with_field(full, group, name, 0.5)
    return replace(full, film=replace(full.film, air=(0.1, 0.1), contrast=(0.6, 0.8)))


BUSY = busy()


def busy_with(group, **changes):
    return replace(BUSY, **{group: replace(getattr(BUSY, group), **changes)})


#: Films on which the settings of each group can be seen.
BASES = {
    'film': (
        BUSY,
        busy_with('film', two_exposures_rate=1.0),
        busy_with('film', turned_rate=1.0, cut_rate=1.0, sheet_rate=1.0),
    ),
    'plate': (BUSY,),
    'placement': (
        busy_with('placement', oblique_rate=1.0, outside_rate=1.0),
        busy_with('placement', small_rate=1.0, upright_rate=0.0),
    ),
    'growth': (
        busy_with('growth', infant_rate=1.0, child_rate=0.0),
        busy_with('growth', infant_rate=0.0, child_rate=1.0),
    ),
    'disease': (BUSY,),
    'things': (
        busy_with('things', finger_splint_rate=1.0),
        busy_with('things', finger_splint_rate=0.0),
    ),
}


@cache
def drawn(group, number, index):
    return generate_wild(5, index, BASES[group][number], 128)


def differ(first, second):
    return len(first.polygons) != len(second.polygons) or not (
        np.array_equal(first.image, second.image)
        and all(
            label == other and np.array_equal(points, other_points)
            for (label, points), (other, other_points) in zip(
                first.polygons, second.polygons, strict=True
            )
        )
    )


def counts(group, name, values):
    """Whether a phantom changes with a field of wild settings."""
    for index in range(6):
        for number, base in enumerate(BASES[group]):
            for value in values:
                try:
                    other = with_field(base, group, name, value)
                except HandboneError as error:  # two rates exclude each other
                    assert 'at most 1 together' in str(error)
                    continue
                changed = generate_wild(5, index, other, 128)
                assert not changed.polygons or changed.image.std() > 0.0, (name, value)
                if differ(changed, drawn(group, number, index)):
                    return True
    return False


def described(value):
    return f'{value[0]:g} to {value[1]:g}' if isinstance(value, tuple) else f'{value:g}'


@pytest.mark.parametrize('group', GROUPS)
def test_every_setting_is_documented(group):
    """In the docstring of its class, and in the row of a page that says the same."""
    kind = type(getattr(WILD, group))
    meanings = inspect.getdoc(kind).split('Args:')[1]
    rows = []
    for one in fields(kind):
        (meaning,) = re.findall(rf'^    {one.name}: (.*?)(?=^    \w|\Z)', meanings, re.M | re.S)
        numbers = f'{described(one.default)} | {described(one.metadata["limits"])}'
        meaning = ' '.join(meaning.split()).replace('``', '`')
        rows.append(f'| `{one.name}` | {numbers} | {meaning} |')
    _, page = PAGE.read_text().split(f'`{kind.__name__}`\n')
    assert page.split('|---|---|---|---|\n')[1].split('\n\n')[0].splitlines() == rows


@pytest.mark.parametrize('group', GROUPS[1:])
def test_every_wild_setting_counts(group):
    for _, name, (low, high), is_range in (each for each in FIELDS if each[0] == group):
        values = [(low, low), (high, high)] if is_range else [low, high]
        assert counts(group, name, values), name


def test_every_first_setting_counts():
    halves = ('ring_rate', 'pin_rate', 'nail_art_rate', 'low_dose_rate', 'bent_wrist_rate')
    base = PhantomSettings(
        closed_fingers_rate=0.0, crossed_fingers_rate=0.0, **dict.fromkeys(halves, 0.5)
    )
    plain = [generate(5, index, base, 256) for index in range(4)]
    for _, name, (low, high), is_range in (each for each in FIELDS if each[0] == 'hand'):
        values = [(high, high), (low, low)] if is_range else [low, high]
        assert any(
            differ(phantom, generate(5, index, replace(base, **{name: value}), 256))
            for index, phantom in enumerate(plain)
            for value in values
        ), name


@st.composite
def wrong_settings(draw):
    """A field, and a value that it cannot have."""
    group, name, (low, high), is_range = draw(st.sampled_from(FIELDS))
    good = st.floats(low, high)
    outside = st.one_of(
        st.sampled_from((nan, inf, -inf, None, 'high', True)),
        st.floats(max_value=low, exclude_max=True, allow_nan=False),
        st.floats(min_value=high, exclude_min=True, allow_nan=False),
    )
    if not is_range:
        return group, name, draw(st.one_of(outside, st.tuples(good, good)))
    pairs = (st.tuples(good, outside), st.tuples(outside, good), st.tuples(good, good, good))
    reversed_pair = st.tuples(good, good).filter(lambda pair: pair[0] > pair[1])
    return group, name, draw(st.one_of(outside, good, *pairs, st.tuples(good), reversed_pair))


@given(wrong=wrong_settings())
@settings(max_examples=200, deadline=None)
def test_what_a_setting_cannot_be_is_refused(wrong):
    """One line names the setting, the value and what is allowed."""
    group, name, value = wrong
    low, high = next(limits for *field, limits, _ in FIELDS if field == [group, name])
    with pytest.raises(HandboneError) as caught:
        with_field(WILD, group, name, value)
    message = str(caught.value)
    kind = type(getattr(WILD, group)).__name__
    assert message.startswith(f'{kind}.{name} is {shown(value)}: give ')
    assert f'from {low:g} to {high:g}' in message and '\n' not in message


@st.composite
def right_settings(draw):
    """Wild settings of which some have other values."""
    changed = WILD
    for group, name, (low, high), is_range in draw(st.lists(st.sampled_from(FIELDS), max_size=12)):
        numbers = sorted(draw(st.tuples(st.floats(low, high), st.floats(low, high))))
        try:
            changed = with_field(changed, group, name, tuple(numbers) if is_range else numbers[0])
        except HandboneError as error:  # two rates exclude each other
            assert 'at most 1 together' in str(error)
    return changed


@given(changed=right_settings(), index=st.integers(0, 1000))
@settings(max_examples=25, deadline=None)
def test_what_a_setting_can_be_gives_a_phantom(changed, index):
    """Without an error, and without a warning, which is an error in tests."""
    phantom = generate_wild(0, index, changed, 128)
    assert phantom.image.shape == (128, 128) and phantom.image.dtype == np.uint8
    assert all(np.isfinite(points).all() for _, points in phantom.polygons)


@pytest.mark.parametrize(
    ('kind', 'rates'),
    [
        (PhantomSettings, {'closed_fingers_rate': 0.6, 'crossed_fingers_rate': 0.5}),
        (type(WILD.growth), {'infant_rate': 0.6, 'child_rate': 0.5}),
    ],
)
def test_rates_that_exclude_each_other(kind, rates):
    with pytest.raises(HandboneError, match=r'are 1\.1 together: give rates that are at most 1'):
        kind(**rates)


def test_groups_of_another_kind_are_refused():
    with pytest.raises(HandboneError, match=r'WildSettings\.film is .*: give FilmSettings'):
        replace(WILD, film=WILD.plate)
