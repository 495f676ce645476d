"""Two cross-validations, and the file of an ensemble of both."""

import json

import pytest
from changed_folds import copied

from handbone.file_hash import file_hash


@pytest.fixture(scope='module')
def validations(folds, tmp_path_factory):
    folder = tmp_path_factory.mktemp('validations')
    return [copied(folds[0], folder / name, shift) for shift, name in enumerate('ab')]


@pytest.fixture(scope='module')
def ensemble(validations, run_command, tmp_path_factory):
    """The file of an ensemble of both, with views, and what was printed."""
    folder = tmp_path_factory.mktemp('best')
    run_command('find-best', *validations, '--out-dir', folder)
    found = json.loads((folder / 'ensemble.json').read_text())
    members = []
    for validation, weight in zip(validations, (0.75, 0.25), strict=True):
        for fold in range(2):
            checkpoint = validation / f'fold_{fold}' / 'iter_2.pth'
            members.append(
                dict(
                    checkpoint=str(checkpoint),
                    sha256=file_hash(checkpoint),
                    weight=weight,
                    views=[{}, dict(flip='horizontal')] if weight > 0.5 else [{}],
                )
            )
    found.update(members=members)
    (folder / 'both.json').write_text(json.dumps(found))
    return folder / 'both.json'
