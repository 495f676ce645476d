"""The sound files that the mutations of radiographs begin with."""

import pytest

from handbone.radiographs import RadiographError

from .radiograph_formats import TARGETS


@pytest.mark.parametrize('target', TARGETS, ids=lambda target: target.name)
def test_sound_files_are_read(target, tmp_path):
    for index, content in enumerate(target.samples()):
        path = tmp_path / f'{index}{target.suffix}'
        path.write_bytes(content)
        if (target.name, index) == ('tiff', 3):
            with pytest.raises(RadiographError, match='NaN'):
                target.read(path)
        else:
            target.check(path, target.read(path))
