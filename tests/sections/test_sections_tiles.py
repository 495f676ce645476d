"""Where tiles are, and which of them show tissue."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handbone.errors import HandboneError
from handbone.radiographs import RadiographError
from handbone.sections import Section, Tile, TileGrid, TissueRule
from handbone.sections.tissue import find_tissue

tifffile = pytest.importorskip('tifffile')

GLASS, STAIN = (244, 242, 245), (220, 150, 190)


@settings(deadline=None)
@given(
    st.integers(1, 40),
    st.integers(0, 39),
    st.integers(1, 4),
    st.integers(1, 200),
    st.integers(1, 200),
)
def test_tiles_cover_the_whole_pixels_of_a_section(size, overlap, reduce, height, width):
    grid = TileGrid(size, min(overlap, size - 1), reduce)
    grid.check()
    if min(height, width) // reduce < size:
        with pytest.raises(RadiographError, match='less than one tile'):
            grid.tiles((height, width))
        return
    tiles = grid.tiles((height, width))
    covered = np.zeros((height, width), int)
    for tile in tiles:
        top, left, rows, columns = tile.box
        assert (rows, columns) == (size * reduce, size * reduce)
        assert top + rows <= height and left + columns <= width
        covered[top : top + rows, left : left + columns] += 1
    assert covered[: height // reduce * reduce, : width // reduce * reduce].all()
    assert len(set(tiles)) == len(tiles)


def test_neighbours_share_the_overlap():
    tiles = TileGrid(size=10, overlap=3, reduce=2).tiles((20, 60))
    assert [tile.left for tile in tiles] == [0, 7, 14, 20]
    assert tiles[1].box == (0, 14, 20, 20)


@pytest.mark.parametrize(
    ('grid', 'message'),
    [
        (TileGrid(64, 64), 'overlap is from 0 to less than tile_size 64'),
        (TileGrid(64, -1), 'overlap is from 0'),
        (TileGrid(0), 'tile_size is a whole number of pixels from 1'),
        (TileGrid(64, 0, 0), 'reduce is a whole number from 1'),
    ],
)
def test_grids_that_are_none(grid, message):
    with pytest.raises(HandboneError, match=message):
        grid.check()


def test_a_section_smaller_than_a_tile():
    with pytest.raises(
        RadiographError,
        match=r'a\.tif: its 500 x 900 pixels are 125 x 225 at reduce 4, less than '
        r'one tile of 128\. Set tile_size to at most 125',
    ):
        TileGrid(128, 0, 4).tiles((500, 900), 'a.tif')


def section(path, columns, size=400):
    """Glass with stained tissue in the first columns."""
    image = np.empty((size, size, 3), np.uint8)
    image[:] = GLASS
    image[:, :columns] = STAIN
    noise = np.random.default_rng(0).integers(-2, 3, image.shape)
    tifffile.imwrite(path, (image + noise).clip(0, 255).astype(np.uint8), photometric='rgb')
    return Section(path)


@pytest.mark.parametrize(('columns', 'share'), [(0, 0), (100, 0.5), (150, 0.75), (400, 1)])
def test_the_share_of_tissue(tmp_path, columns, share):
    tissue = find_tissue(section(tmp_path / 'a.tif', columns))
    assert tissue.share(Tile(0, 0, 100, 2)) == pytest.approx(share, abs=0.01)


def test_tissue_is_found_in_an_overview(tmp_path):
    found = find_tissue(section(tmp_path / 'a.tif', 600, size=1600))
    assert found.reduce == 2
    assert found.mask.shape == (800, 800)
    assert found.share(Tile(0, 100, 100, 4)) == pytest.approx(0.5, abs=0.01)


def test_the_rule():
    rule = TissueRule(0.1)
    assert rule.keeps(0.1, labelled=False)
    assert not rule.keeps(0.09, labelled=False)
    assert rule.keeps(0.0, labelled=True)
    assert TissueRule(0.0).keeps(0.0, labelled=False)
    for wrong in (-0.1, 1.1):
        with pytest.raises(HandboneError, match='min_tissue is a share from 0 to 1'):
            TissueRule(wrong).check()
