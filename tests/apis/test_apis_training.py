"""Two trainings do not write into one work dir; the processes of one training do."""

import pytest
from mmengine.config import Config

from handbone.apis import train
from handbone.engine.launch import is_first_process
from handbone.folder_lock import FolderInUseError, locked_folder


def test_a_work_dir_in_use_is_refused_before_anything_is_built(tmp_path):
    config = Config(dict(work_dir=str(tmp_path / 'work'), launcher='none'))
    with (
        locked_folder(tmp_path / 'work'),
        pytest.raises(FolderInUseError, match='work: another run is writing into it'),
    ):
        train(config)
    assert not list((tmp_path / 'work').iterdir())


@pytest.mark.parametrize(
    ('launcher', 'variable'),
    [('pytorch', 'RANK'), ('slurm', 'SLURM_PROCID'), ('mpi', 'OMPI_COMM_WORLD_RANK')],
)
def test_only_the_first_process_of_a_training_locks(tmp_path, monkeypatch, launcher, variable):
    monkeypatch.setenv(variable, '0')
    assert is_first_process(launcher)
    monkeypatch.setenv(variable, '1')
    assert not is_first_process(launcher)
    assert is_first_process('none')
    config = Config(dict(work_dir=str(tmp_path), launcher=launcher))
    with locked_folder(tmp_path), pytest.raises(AttributeError):  # on, to the missing settings
        train(config)
