"""Few labelled images: folds that the patients suffice for, and two trainings of equal time."""

from ast import literal_eval
from pathlib import Path

import pytest
from mmengine.config import Config

from benchmarks.studies import few_labels
from benchmarks.studies.planned import Seconds
from handbone.datasets.folds import in_fold

CONFIGS = Path(__file__).parents[2] / 'configs' / 'starter'


def changed(number, iterations, load_from='starter'):
    """The config as the study trains it."""
    config = Config.fromfile(CONFIGS / 'own_hands.py')
    _, *options = few_labels.training_options(number, iterations, Path('data'), load_from)
    values = dict(option.split('=') for option in options)
    for name, value in values.items():
        if value[0].isdigit() or value == 'None':
            values[name] = literal_eval(value)
    config.merge_from_dict(values)
    return config


@pytest.mark.parametrize('number', [3, 4, 5, 6, 9, 10, 100])
def test_patients_suffice_for_the_folds(number):
    patients = [f'ID{1 + index // 2:03d}' for index in range(number)]
    config = changed(number, 300)
    folds = {config[f'{split}_dataloader'].dataset.num_folds for split in ('train', 'val')}
    assert folds == {min(5, len(set(patients)))}
    held_out = in_fold(patients, 0, *folds)
    assert 0 < held_out.sum() < number


def test_the_usual_number_of_iterations_is_that_of_the_config():
    config = Config.fromfile(CONFIGS / 'own_hands.py')
    assert changed(10, config.max_iters).to_dict() == config.to_dict()


@pytest.mark.parametrize('iterations', [2, 45, 1000])
def test_the_schedule_ends_with_the_training(iterations):
    config = changed(10, iterations, None)
    warm_up, cosine = config.param_scheduler
    assert warm_up.begin < warm_up.end == cosine.begin
    assert cosine.T_max == cosine.end - cosine.begin > 0
    assert cosine.end == config.train_cfg.max_iters == config.train_cfg.val_interval == iterations
    assert config.load_from is None


@pytest.mark.parametrize('pace', [0.5, 0.97, 1.0, 2.6])
def test_the_training_from_scratch_gets_the_time_of_the_other(monkeypatch, tmp_path, pace):
    """The seconds of an iteration differ where other programs run beside one of the two."""
    runs = []

    def train(config, work_dir, options):
        iterations = next(int(option.split('=')[1]) for option in options if 'max_iters' in option)
        scratch = 'load_from=None' in options
        runs.append((scratch, iterations, work_dir))
        return Seconds(20.0 + iterations * (pace if scratch else 1.0), 0.0)

    monkeypatch.setattr(few_labels, 'train', train)
    monkeypatch.setattr(few_labels, 'handbone', lambda *words, log: None)
    monkeypatch.setattr(few_labels, 'score', lambda trained, data, work_dir: 0.5)
    results = few_labels.compare(5, 300, 2, tmp_path)
    starter, scratch = results['starter'], results['scratch']
    assert starter.iterations == 300 and starter.wall == 320.0
    assert scratch.wall == pytest.approx(starter.wall, rel=few_labels.TOLERANCE)
    assert len({work_dir for _, _, work_dir in runs}) == len(runs) <= 1 + few_labels.TRIES
    assert few_labels.compare(5, 300, 2, tmp_path) == results
    assert (len(runs) == 2) == (pace in (0.97, 1.0))
