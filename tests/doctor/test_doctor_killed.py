"""A doctor that was killed and is called again writes the files of one that was not."""

import shutil

import pytest
from killed_child import contents, dying_at, is_hidden, killed

from handbone.apis import doctor
from handbone.doctor import doctor as doctor_module
from handbone.doctor import report as report_module
from handbone.phantom import write_dataset


@pytest.fixture(scope='module')
def root(tmp_path_factory):
    """Eight images, two of them the same, and the report about them."""
    root = tmp_path_factory.mktemp('doctor')
    write_dataset(root / 'data', train=8, test=1, size=256)
    images = sorted((root / 'data/train/DCM').rglob('*.png'))
    shutil.copy(images[0], images[5])
    doctor([root / 'data/train'], root / 'whole')
    return root


def reading(patch):
    return dict(progress=lambda images: map(dying_at(4, lambda image: image), images))


def before_the_report(patch):
    patch.setattr(doctor_module, 'write_report', dying_at(1, None))
    return {}


def within_the_pictures(patch):
    patch.setattr(report_module, 'encode_picture', dying_at(2, report_module.encode_picture))
    return {}


def within_the_tables(patch):
    patch.setattr(report_module, 'findings_html', dying_at(1, None))
    return {}


@pytest.mark.parametrize(
    'dies', [reading, before_the_report, within_the_pictures, within_the_tables]
)
def test_a_doctor_that_was_killed(root, tmp_path, dies):
    whole = contents(root / 'whole')
    assert {'index.html', 'findings.csv', 'findings.json', 'pictures/0002.jpg'} <= whole.keys()
    with pytest.MonkeyPatch.context() as patch:
        settings = dies(patch)
        killed(lambda: doctor([root / 'data/train'], tmp_path / 'out', **settings))
    for name, content in contents(tmp_path / 'out').items():
        assert is_hidden(name) or whole[name] == content
    assert not (tmp_path / 'out/index.html').exists()
    doctor([root / 'data/train'], tmp_path / 'out')
    assert contents(tmp_path / 'out') == whole


def test_a_report_that_fails_leaves_the_earlier_one(root, tmp_path):
    """Also if the images cannot be read again for its pictures."""
    shutil.copytree(root / 'whole', tmp_path / 'out')

    def failing(*_):
        raise OSError('the disk is gone')

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_module, 'encode_picture', failing)
        with pytest.raises(OSError, match='the disk is gone'):
            doctor([root / 'data/train'], tmp_path / 'out')
    assert contents(tmp_path / 'out') == contents(root / 'whole')
