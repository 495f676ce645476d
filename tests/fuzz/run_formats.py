"""What runs note about themselves: finished folds and the descriptions of archives."""

import json
import shutil
import tempfile
from pathlib import Path

from handbone.apis.fold_testing import find_folds
from handbone.configuration.fold_config import FINISHED, read_finished_fold, write_finished_fold

from .harness import Target
from .mutations import mutate_json

CLASSES = ['disc', 'bar']
HASHES = ('a' * 64, 'b' * 64)


def finished_samples() -> list[bytes]:
    """Make the file of fold 1, as a training writes it and as an editor of Windows saves it."""
    with tempfile.TemporaryDirectory() as folder:
        write_finished_fold(Path(folder), 1, 3)
        content = (Path(folder) / FINISHED).read_bytes()
    return [content, content.decode().encode('utf-8-sig')]


def read_finished(path: Path) -> int | None:
    """Put the file among those of two sound folds, and find the folds."""
    with tempfile.TemporaryDirectory() as root:
        folders = [Path(root) / f'fold_{fold}' for fold in range(3)]
        for folder in folders:
            folder.mkdir()
        shutil.copy(path, folders[1] / FINISHED)
        num_folds = read_finished_fold(folders[1], 1)
        if num_folds == 3:
            for fold in (0, 2):
                write_finished_fold(folders[fold], fold, 3)
            assert find_folds(root) == folders
        return num_folds


def check_finished(path: Path, num_folds: int) -> None:
    """Judge a file that was accepted, by Python's own reader."""
    content = json.loads(path.read_bytes())
    assert type(content['fold']) is int and content['fold'] == 1
    assert type(content['folds']) is int and content['folds'] == num_folds > 1


TARGETS = [
    Target('finished', '.json', finished_samples, read_finished, check_finished, mutate_json),
]
try:
    from handbone.archive.folder import DESCRIPTION, ArchiveFolder
except ImportError:  # the extra is not installed
    pass
else:

    def archive_samples() -> list[bytes]:
        """Make the description of an archive with two models."""
        with tempfile.TemporaryDirectory() as root:
            archive = ArchiveFolder(root)
            for model_hash in HASHES:
                archive.add_model(model_hash, CLASSES, [0.5, 0.25])
            return [(Path(root) / DESCRIPTION).read_bytes()]

    def read_archive(path: Path) -> dict:
        """Open an archive with the file, and let a third model predict into it."""
        with tempfile.TemporaryDirectory() as root:
            shutil.copy(path, Path(root) / DESCRIPTION)
            archive = ArchiveFolder(root)
            found = dict(classes=archive.classes, models=archive.models)
            archive.add_model('c' * 64, archive.classes, [0.5] * len(archive.classes))
            assert ArchiveFolder(root).models[: len(found['models'])] == found['models']
            return found

    def check_archive(path: Path, found: dict) -> None:
        """Judge a description that was accepted, by Python's own reader."""
        content = json.loads(path.read_bytes())
        classes, models = content['classes'], content['models']
        assert all(type(name) is str for name in classes) and len(set(classes)) == len(classes)
        assert found == dict(classes=tuple(classes), models=tuple(models)) and classes
        for name, model in models.items():
            assert '/' not in name and name not in ('', '.', '..')
            assert len(model['thresholds']) == len(classes)
            assert all(type(each) in (int, float) and 0 < each < 1 for each in model['thresholds'])

    TARGETS += [
        Target('archive', '.json', archive_samples, read_archive, check_archive, mutate_json)
    ]
