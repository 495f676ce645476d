"""Synthetic sections: the same whatever part is drawn, with labels where the units are."""

import csv
import re

import numpy as np
import pytest
from killed_child import contents, dying_at, is_hidden, killed

from handbone.cli.command import main
from handbone.errors import HandboneError
from handbone.masks import decode, string_to_runs
from handbone.masks.polygons import rasterize
from handbone.phantom.tissue import dataset
from handbone.phantom.tissue.dataset import write_sections
from handbone.phantom.tissue.organs import ORGANS
from handbone.phantom.tissue.scene import SectionScene

tifffile = pytest.importorskip('tifffile')
pytest.importorskip('imagecodecs')

SIZE = 1200


@pytest.fixture(scope='module')
def scene():
    return SectionScene(0, 10_002, SIZE)


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp('tissue')
    assert write_sections(root, train=6, test=1, size=512) == 7
    return root


def table(path):
    with path.open(newline='') as file:
        return list(csv.DictReader(file))


def test_runs_are_those_of_the_outlines(scene):
    assert len(scene.units) > 5
    outlines = [(0, unit.outline) for unit in scene.units]
    drawn = rasterize(outlines, SIZE, SIZE, 1)
    np.testing.assert_array_equal(decode([scene.runs], SIZE, SIZE, 'F'), drawn)


def test_parts_fit_together(scene):
    whole = scene.part(0, 0, SIZE, SIZE).astype(float)
    part = scene.part(300, 500, 400, 300).astype(float)
    difference = np.abs(part - whole[300:700, 500:800]).max(axis=2)
    assert np.median(difference) < 10  # nuclei and noise are drawn part by part
    assert (difference > 30).mean() < 0.2


def test_units_look_unlike_the_rest(scene):
    image = scene.part(0, 0, SIZE, SIZE)
    mask = decode([scene.runs], SIZE, SIZE, 'F') == 1
    assert 0.01 < mask.mean() < 0.5
    tissue = image.max(axis=2).astype(int) - image.min(axis=2) > 25
    assert tissue[mask].mean() > 0.6  # the organ's units lie in tissue, and their lumen is empty
    assert not tissue[:50, :50].any()  # corners are glass


def test_all_organs_are_in_every_fifth_too():
    organs = [SectionScene(0, 10_000 + index, 512).organ.name for index in range(25)]
    names = {organ.name for organ in ORGANS}
    assert set(organs[:5]) == names
    for start in range(5):
        assert set(organs[start::5]) == names


def test_files(root):
    rows = table(root / 'train.csv')
    assert len(rows) == 6
    for row in rows:
        image = tifffile.imread(root / 'train_images' / f'{row["id"]}.tiff')
        assert image.shape == (int(row['img_height']), int(row['img_width']), 3) == (512, 512, 3)
        string_to_runs(row['rle'], image.shape[0] * image.shape[1])
    assert [row['organ'] for row in rows[:5]] == [
        SectionScene(0, int(row['id']), 512).organ.name for row in rows[:5]
    ]
    assert len(table(root / 'test.csv')) == 1


def test_a_second_call_adds_what_is_missing(root):
    path = root / 'train_images/10001.tiff'
    before = path.read_bytes()
    path.unlink()
    assert write_sections(root, train=6, test=1, size=512) == 1
    assert path.read_bytes() == before
    assert not [file for file in root.rglob('*') if 'unfinished' in file.name]


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (dict(train=0, test=0), 'nothing to write'),
        (dict(train=1, test=-1), 'nothing to write'),
        (dict(train=1, test=0, size=100), 'size is from 512 to 40000 pixels, got 100'),
        (dict(train=1, test=0, size=513), 'sections of a different generator, seed or size'),
        (dict(train=1, test=0, size=512, seed=1), 'sections of a different generator'),
    ],
)
def test_what_is_refused(root, options, message):
    with pytest.raises(HandboneError, match=message):
        write_sections(root, **options)


def test_the_command(tmp_path, capsys):
    words = [str(tmp_path), '--train', '1', '--test', '0', '--size', '512']
    main(['make-sections', *words])
    assert re.search(r'1 sections written to', capsys.readouterr().out)
    assert (tmp_path / 'train.csv').exists()


@pytest.mark.parametrize('at', [1, 12, 30])
def test_sections_whose_writing_was_killed(tmp_path, monkeypatch, at):
    """Killed at the first tile, within the second file, and before the tables."""
    settings = dict(train=2, test=1, size=768)
    write_sections(tmp_path / 'whole', **settings)
    whole = contents(tmp_path / 'whole')
    assert len(whole) == 6
    with monkeypatch.context() as patch:
        if at == 30:
            patch.setattr(dataset, 'csv_bytes', dying_at(1, None))
        else:
            drawn = SectionScene.part
            patch.setattr(SectionScene, 'part', dying_at(at, drawn))
        killed(lambda: write_sections(tmp_path / 'out', **settings))
    for name, content in contents(tmp_path / 'out').items():
        assert is_hidden(name) or whole[name] == content
    assert not list((tmp_path / 'out').glob('*.csv'))
    write_sections(tmp_path / 'out', **settings)
    assert contents(tmp_path / 'out') == whole
