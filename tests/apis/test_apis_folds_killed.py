"""Folds whose making was killed, and then called again, are those of one that was not."""

import pytest
from killed_child import contents, dying_at, is_hidden, killed

from handbone import files
from handbone.apis import fold_making, make_folds


def make(phantom_root, out):
    folds = make_folds(phantom_root, 3, ['sex', 'bend'], out=out / 'folds.csv')
    folds.write_report(out / 'report.csv')


@pytest.fixture(scope='module')
def whole(phantom_root, tmp_path_factory):
    out = tmp_path_factory.mktemp('folds')
    make(phantom_root, out)
    return contents(out)


def before_the_folds(patch):
    patch.setattr(fold_making, 'balanced_folds', dying_at(1, None))


def before_the_folds_have_their_name(patch):
    patch.setattr(files, '_finish', dying_at(1, None))


def after_the_folds(patch):
    patch.setattr(fold_making, 'balance', dying_at(1, None))


def before_the_report_has_its_name(patch):
    patch.setattr(files, '_finish', dying_at(2, files._finish))


DEATHS = [
    before_the_folds,
    before_the_folds_have_their_name,
    after_the_folds,
    before_the_report_has_its_name,
]


@pytest.mark.parametrize('dies', DEATHS)
def test_making_folds_was_killed(phantom_root, whole, tmp_path, dies):
    assert whole.keys() == {'folds.csv', 'report.csv'}
    with pytest.MonkeyPatch.context() as patch:
        dies(patch)
        killed(lambda: make(phantom_root, tmp_path))
    for name, content in contents(tmp_path).items():
        assert is_hidden(name) or whole[name] == content  # what has its name is whole
    assert not (tmp_path / 'report.csv').exists()
    make(phantom_root, tmp_path)
    assert contents(tmp_path) == whole


def test_folds_that_were_killed_leave_those_from_before(phantom_root, whole, tmp_path):
    make_folds(phantom_root, 2, ['sex'], out=tmp_path / 'folds.csv')
    before = contents(tmp_path)
    assert before['folds.csv'] != whole['folds.csv']
    with pytest.MonkeyPatch.context() as patch:
        before_the_folds_have_their_name(patch)
        killed(lambda: make(phantom_root, tmp_path))
    assert (tmp_path / 'folds.csv').read_bytes() == before['folds.csv']
    make(phantom_root, tmp_path)
    assert contents(tmp_path) == whole
