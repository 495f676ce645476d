"""Image files of a dataset: a link or a copy, and no file of somebody else is lost."""

import pytest

from handbone.datasets.formats.image_placement import place_image
from handbone.errors import HandboneError


@pytest.fixture
def images(tmp_path):
    """Images of two datasets with one name, and a place for them in a third."""
    for name in ('first', 'second'):
        (tmp_path / name).mkdir()
        (tmp_path / name / 'a.png').write_bytes(name.encode())
    return tmp_path / 'first/a.png', tmp_path / 'second/a.png', tmp_path / 'out/images/a.png'


@pytest.mark.parametrize('mode', ['link', 'copy'])
def test_a_link_is_replaced_and_what_it_leads_to_stays(images, mode):
    first, second, place = images
    place_image(first, place, 'link')
    place_image(second, place, mode)
    assert place.read_bytes() == b'second' and place.is_symlink() == (mode == 'link')
    assert first.read_bytes() == b'first'


def test_a_link_becomes_a_copy_where_a_copy_is_wanted(images):
    first, _, place = images
    place_image(first, place, 'link')
    place_image(first, place, 'copy')
    assert not place.is_symlink() and place.read_bytes() == b'first'


def test_a_link_that_leads_nowhere_is_replaced_by_a_copy(images, tmp_path):
    first, _, place = images
    place.parent.mkdir(parents=True)
    place.symlink_to(tmp_path / 'gone.png')
    place_image(first, place, 'copy')
    assert not place.is_symlink() and place.read_bytes() == b'first'
    assert not (tmp_path / 'gone.png').exists()


@pytest.mark.parametrize('mode', ['link', 'copy'])
def test_another_file_is_one_line_and_stays(images, mode):
    first, second, place = images
    place_image(first, place, 'copy')
    with pytest.raises(HandboneError, match='is there already and is not the image'):
        place_image(second, place, mode)
    assert place.read_bytes() == b'first'


@pytest.mark.parametrize('mode', ['link', 'copy'])
def test_an_image_in_its_own_place_stays(images, mode):
    first, _, place = images
    place.parent.mkdir(parents=True)
    place.symlink_to(first)
    for path in (first, place):
        place_image(path, path, mode)
    assert place.is_symlink() and not first.is_symlink() and place.read_bytes() == b'first'
