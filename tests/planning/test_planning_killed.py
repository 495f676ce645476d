"""A plan that was killed and is called again writes the files of one that was not."""

import shutil

import psutil
import pytest
from killed_child import contents, dying_at, is_hidden, killed

from handbone import files
from handbone.apis import plan, planning
from handbone.phantom import write_dataset
from handbone.planning import step_cost


@pytest.fixture(scope='module', autouse=True)
def costs():
    """The times and the memory of this machine decide nothing."""
    memory = psutil.virtual_memory()._replace(available=16 * 10**9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(step_cost, '_measure', lambda *_: (0.1, 10**9))
        patch.setattr(planning, '_image_seconds', lambda *_: 0.01)
        patch.setattr(psutil, 'virtual_memory', lambda: memory)
        yield


@pytest.fixture(scope='module')
def planned(costs, tmp_path_factory):
    """A function that plans into one folder, the folder, and what is in it in the end."""
    root = tmp_path_factory.mktemp('plan')
    write_dataset(root / 'data', train=4, test=0, size=256)
    out = root / 'out'

    def work(seconds=60):
        plan(root / 'data', out / 'mine.py', time_limit=seconds)

    work()
    return work, out, contents(out)


def measuring(patch):
    bar = dying_at(3, lambda image: image)
    patch.setattr(planning, 'progress_bar', lambda images, _: map(bar, images))


def before_the_fingerprint_has_its_name(patch):
    patch.setattr(files, '_finish', dying_at(1, None))


def before_the_config(patch):
    patch.setattr(planning, 'write_atomically', dying_at(2, files.write_atomically))


def before_the_config_has_its_name(patch):
    patch.setattr(files, '_finish', dying_at(2, files._finish))


DEATHS = [
    measuring,
    before_the_fingerprint_has_its_name,
    before_the_config,
    before_the_config_has_its_name,
]


@pytest.mark.parametrize('dies', DEATHS)
def test_a_plan_that_was_killed(planned, dies):
    work, out, whole = planned
    assert whole.keys() == {'mine.py', 'mine.json'}
    shutil.rmtree(out)
    with pytest.MonkeyPatch.context() as patch:
        dies(patch)
        killed(work)
    for name, content in contents(out).items() if out.exists() else ():
        assert is_hidden(name) or whole[name] == content
    assert not (out / 'mine.py').exists()
    work()
    assert contents(out) == whole


def test_a_plan_that_was_killed_leaves_the_config_of_the_one_before(planned):
    work, out, whole = planned
    work(600)
    before = contents(out)
    assert before['mine.py'] != whole['mine.py']
    with pytest.MonkeyPatch.context() as patch:
        before_the_config_has_its_name(patch)
        killed(work)
    assert (out / 'mine.py').read_bytes() == before['mine.py']
    assert (out / 'mine.json').read_bytes() == whole['mine.json']
    work()
    assert contents(out) == whole
