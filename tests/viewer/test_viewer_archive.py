"""An archive of predictions in the viewer."""

import pandas as pd
import pytest
from made_squares import NAMES, RADIUS

from handbone.bones import CLASSES
from handbone.errors import HandboneError
from handbone.viewer.sources import open_sources

pytest.importorskip('duckdb', reason='the extra archive is not installed')

from handbone.archive.folder import ArchiveFolder  # noqa: E402
from handbone.archive.tables import RUNS, parquet_bytes  # noqa: E402
from handbone.archive.work_units import work_unit_file  # noqa: E402


def write_archive(root, names, runs):
    """An archive of one model, with these runs of the Radius in every image."""
    folder = ArchiveFolder(root)
    root.mkdir()
    folder.add_model('abc', CLASSES, [0.5] * len(CLASSES))
    hashes = [f'{number:064x}' for number in range(len(names))]
    images = pd.DataFrame({'image': names, 'image_name': names, 'image_hash': hashes})
    folder.write_images(images.assign(size=1, modified=1))
    starts, lengths = zip(*runs, strict=True)
    rows = [
        dict(image=name, image_hash=digest, height=128, width=128, starts=starts, lengths=lengths)
        for name, digest in zip(names, hashes, strict=True)
    ]
    frame = pd.DataFrame(rows).assign(**{'class': 'Radius'})
    file = folder.runs / work_unit_file('abc', hashes)
    file.parent.mkdir(parents=True)
    file.write_bytes(parquet_bytes(frame, RUNS))
    return root


def test_an_archive_is_a_layer(data, tmp_path):
    root = write_archive(tmp_path / 'found', NAMES[:2], [(5, 3), (20, 1)])
    session, notes = open_sources([data, root])
    first, last = session.catalogue.look_at(0), session.catalogue.look_at(2)
    session.close()
    assert [each.name for each in session.catalogue.layers] == ['', 'found']
    assert notes == [f'{root} has 2 of the 3 images']
    assert first.runs[1][RADIUS].tolist() == [[4, 3], [19, 1]]
    assert sum(map(len, first.runs[1])) == 2 and last.runs[1] is None


def test_runs_of_an_archive_that_end_outside_are_one_line(data, tmp_path):
    root = write_archive(tmp_path / 'found', NAMES, [(5, 3), (16384, 2)])
    session, _ = open_sources([data, root])
    shown = session.catalogue.look_at(0)
    session.close()
    assert shown.runs[1] is None
    assert 'ends outside the map of 16384 pixels' in shown.problems[0]


def test_two_images_of_one_name_in_an_archive_are_one_line(data, tmp_path):
    root = write_archive(tmp_path / 'found', NAMES[:2], [(5, 3), (20, 1)])
    folder = ArchiveFolder(root)
    folder.write_images(folder.images().assign(image_name=NAMES[0]))
    with pytest.raises(HandboneError, match=f"{NAMES[1]} would both be named '{NAMES[0]}'"):
        open_sources([data, root])


def test_an_image_of_the_same_name_that_was_not_predicted_hides_nothing(data, tmp_path):
    root = write_archive(tmp_path / 'found', NAMES[:1], [(5, 3)])
    folder = ArchiveFolder(root)
    known = folder.images()
    folder.write_images(pd.concat([known, known.assign(image='other', image_hash='f' * 64)]))
    session, _ = open_sources([data, root])
    shown = session.catalogue.look_at(0)
    session.close()
    assert shown.runs[1][RADIUS].tolist() == [[4, 3]]
