"""How far long work is: learning places, comparing images, and drawing pictures."""

import json
from dataclasses import replace

import numpy as np
import pytest
from made_records import CLASSES, annotated, sound_record, survey_of

from handbone.datasets.formats.source import Source
from handbone.doctor.checks import duplicates
from handbone.doctor.examined import Examined, examine
from handbone.doctor.finding import Finding
from handbone.doctor.image_record import Pixels
from handbone.doctor.measuring import measure_image
from handbone.doctor.pixel_measures import THUMBNAIL
from handbone.doctor.places import draw_places
from handbone.doctor.survey import survey
from handbone.progress import progress_bar

WITH_BARS = ('places', 'checks.duplicates', 'shape_learning', 'judged_shape', 'exchanged_chains')


@pytest.fixture
def bars(monkeypatch):
    """The bars of progress, by what is done."""
    made = {}

    def recorded(*args, **settings):
        bar = progress_bar(*args, **settings)
        made[settings.get('description') or args[1]] = bar
        return bar

    for module in WITH_BARS:
        monkeypatch.setattr(f'handbone.doctor.{module}.progress_bar', recorded)
    return made


def test_comparing_images(bars, monkeypatch):
    monkeypatch.setattr(duplicates, 'BLOCK', 4)
    rng = np.random.default_rng(0)
    record = measure_image('train', annotated('a.png', [], 32, None, ('a',)), ('a',))
    records = []
    for number in range(10):
        thumbnail = rng.uniform(0, 255, (THUMBNAIL, THUMBNAIL)).astype(np.float16)
        pixels = Pixels(bytes([number]), thumbnail, 8, 0, 255, 0, 128)
        records.append(replace(record, name=f'{number}.png', pixels=pixels))
    examined = Examined(survey_of(records, ('a',)), None, None, (), ())
    assert list(duplicates.check_duplicates(examined)) == []
    bar = bars['Comparing images']
    assert bar.n == bar.total == 55


def test_learning_and_judging_places(bars):
    records = [sound_record(index) for index in range(24)]
    empty = measure_image('train', annotated('empty.png', []), CLASSES)
    examined = examine(survey_of([*records, empty]))
    assert len(examined.shapes) == 24
    totals = {'Learning places': 3 * 24, 'Comparing names': 24, 'Judging places': 25}
    assert {name: bar.n for name, bar in bars.items()} == totals
    assert {name: bar.total for name, bar in bars.items()} == totals


def test_drawing_pictures(bars, tmp_path):
    folder = tmp_path / 'outputs_json/P1'
    folder.mkdir(parents=True)
    for number in range(5):
        labels = [dict(label='nail', points=[[5, 5], [30, 5], [30, 30]])]
        document = dict(annotations=labels, metadata=dict(height=48, width=48))
        (folder / f'{number}.json').write_text(json.dumps(document))
    source = Source('train', tmp_path)
    measured = survey([source])
    names = [each.name for each in measured.records]
    found = [Finding('specks', 'train', name, 'nail', 'it is', 0.9) for name in names[1:4]]
    found += [found[0], Finding('rejected', 'train', 'gone.json', '', 'it is', 0.9)]
    assert sorted(number for number, _ in draw_places(found, measured, [source])) == [0, 1, 2, 3]
    bar = bars['Drawing pictures']
    assert bar.n == bar.total == 3
