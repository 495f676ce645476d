"""Searches: what is drawn, kept, continued, refused, and what comes out."""

import csv
import os
import signal
import time

import cv2
import pytest
from reported_scores import RATE, report
from small_disk import fill_disk

from handbone.apis.search_result import write_importances
from handbone.configuration.config_file import read_config_file
from handbone.configuration.search_space import read_search_space
from handbone.errors import HandboneError
from handbone.search.study import SearchStudy


def by_rate(cfg):
    """The best rate is 0.01."""
    rate = cfg.optim_wrapper.optimizer.lr
    report(cfg, [0.5, 1 - abs(rate - 0.01)])


def table(folder):
    with (folder / 'trials.csv').open() as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize('storage', ['sqlite', 'journal'])
def test_a_search_finds_the_best_and_says_so(stand_in, tiny, rate_space, tmp_path, storage, capsys):
    def trained(cfg):
        by_rate(cfg)
        (tmp_path / 's' / cfg.work_dir.rpartition('/')[2] / 'iter_6.pth').touch()

    search = stand_in(trained)(tiny, rate_space, tmp_path / 's', storage=storage)
    best = search.run(4)
    rows = table(tmp_path / 's')
    assert len(rows) == 4 and {row['state'] for row in rows} <= {'complete', 'pruned'}
    winner = max(rows, key=lambda row: float(row['score']))
    cfg = read_config_file(best)
    rate = float(winner[RATE])
    assert cfg.optim_wrapper.optimizer.lr == rate
    expected = read_config_file(tiny, {RATE: rate})
    assert cfg.to_dict() == expected.to_dict()  # nothing else is changed
    assert f'in trial {winner["trial"]}, the' in best.read_text().splitlines()[0]
    kept = [path.parent.name for path in (tmp_path / 's').glob('*/*.pth')]
    assert kept == [f'trial_{int(winner["trial"]):04d}']
    assert cv2.imread(str(tmp_path / 's' / 'importances.png')).std() > 0
    assert capsys.readouterr().out.count('mDice') == 4


def test_a_better_trial_that_another_process_ends_keeps_its_checkpoint(
    stand_in, tiny, rate_space, tmp_path, monkeypatch
):
    folder = tmp_path / 's'

    def trained(cfg):
        report(cfg, [0.5, 0.5])
        (folder / cfg.work_dir.rpartition('/')[2] / 'iter_6.pth').touch()

    search = stand_in(trained)(tiny, rate_space, folder)
    find_best = SearchStudy.best.fget

    def another_ends(study):
        best = find_best(study)
        if len(study.trials) == 1:
            advance(folder, rate_space, 2, lambda settings: 1.0)
            (folder / 'trial_0001').mkdir()
            (folder / 'trial_0001' / 'iter_6.pth').touch()
        return best

    monkeypatch.setattr(SearchStudy, 'best', property(another_ends))
    search.run(1)
    assert (folder / 'trial_0001' / 'iter_6.pth').exists()


def advance(folder, space, trials, score, **settings):
    """Give a study trials without any process; each call opens it anew."""
    study = SearchStudy(folder, read_search_space(space), **settings)
    while (claimed := study.claim(trials)) is not None:
        trial = study.trials[claimed.number]
        value = score(claimed.settings)
        study._study._storage.set_trial_intermediate_value(trial._trial_id, 1, value)
        study.finish(claimed.number, 0.0)
        claimed.lock.close()
    return study


def test_an_interrupted_search_draws_what_an_uninterrupted_one_does(rate_space, tmp_path):
    """Twelve trials: the last two are not drawn at random."""

    def draw(name, *parts, **settings):
        for trials in parts:
            study = advance(tmp_path / name, rate_space, trials, lambda s: -s[RATE], **settings)
        return [trial.params[RATE] for trial in study.trials]

    whole = draw('whole', 12)
    assert whole == draw('parts', 1, 4, 11, 12) and len({*whole}) == 12
    assert {*draw('seed', 2, seed=1)}.isdisjoint(whole)
    assert draw('random', 12, sampler='random')[10:] != whole[10:]


def test_trials_that_fail_do_not_end_the_search(stand_in, tiny, rate_space, tmp_path, capfd):
    def training(cfg):
        number = int(cfg.work_dir[-4:])
        if number == 0:
            raise RuntimeError('CUDA out of memory.\nTried')
        if number == 1:
            report(cfg, [float('nan')])
        if number == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        if number != 3:
            report(cfg, [0.5])

    search = stand_in(training)(tiny, rate_space, tmp_path / 's')
    assert search.run(5) is not None
    errors = [row['error'] for row in table(tmp_path / 's')]
    assert errors == [
        'RuntimeError: CUDA out of memory. Tried',
        'HandboneError: mDice is nan at iteration 10',
        'killed by SIGKILL',
        'the training ended without a validation',
        '',
    ]
    assert 'out of memory' in (tmp_path / 's' / 'trial_0000' / 'output.txt').read_text()
    assert 'Traceback' not in capfd.readouterr().err


def test_a_search_in_which_all_fail_ends(stand_in, tiny, rate_space, tmp_path):
    def training(cfg):
        raise ValueError('no data')

    with pytest.raises(HandboneError, match=r'5 trials in a row failed, .* no data; .*output.txt'):
        stand_in(training)(tiny, rate_space, tmp_path / 's').run(20)


def test_trials_that_fall_behind_are_pruned(stand_in, tiny, rate_space, tmp_path):
    def training(cfg):
        number = int(cfg.work_dir[-4:])
        report(cfg, [0.1, 0.9] if number == 6 else [0.5 + number / 100, 0.6])

    stand_in(training)(tiny, rate_space, tmp_path / 's').run(7)
    last = table(tmp_path / 's')[-1]
    assert (last['state'], last['score'], last['iteration']) == ('pruned', '0.1', '10')
    stand_in(training)(tiny, rate_space, tmp_path / 'none', pruner='none').run(7)
    assert table(tmp_path / 'none')[-1]['state'] == 'complete'


def test_another_config_space_or_score_is_refused(stand_in, tiny, rate_space, tmp_path):
    search = stand_in(by_rate)
    search(tiny, rate_space, tmp_path / 's').run(1)
    option = 'train_cfg.max_iters=9'
    other = tmp_path / 'other.yaml'
    other.write_text(rate_space.read_text().replace('1e-1', '1e-2'))
    for arguments, words in (
        (dict(options=[option]), 'config.train_cfg.max_iters was 6, is 9'),
        (dict(space=other), f'space.{RATE}.high was 0.1, is 0.01'),
        (dict(metric='Dice/disc'), "metric was 'mDice', is 'Dice/disc'"),
    ):
        with pytest.raises(HandboneError) as caught:
            search(**dict(config=tiny, space=rate_space, work_dir=tmp_path / 's') | arguments)
        assert words in str(caught.value) and 'Give another --work-dir' in str(caught.value)
        assert '\n' not in str(caught.value)


def test_two_searches_share_the_trials_of_a_study(stand_in, tiny, rate_space, tmp_path):
    def training(cfg):
        by_rate(cfg)
        time.sleep(0.3)

    search = stand_in(training)
    first, second = (search(tiny, rate_space, tmp_path / 's') for _ in range(2))
    claimed = first.study.claim(3)
    second.run(3)  # leaves alone what the first one has begun
    assert [row['state'] for row in table(tmp_path / 's')] == ['running', 'complete', 'complete']
    claimed.lock.close()  # as when its process ends
    second.run(3)
    rows = table(tmp_path / 's')
    assert [row['state'] for row in rows] == ['complete'] * 3
    assert len({row[RATE] for row in rows}) == 3


def test_several_trials_at_a_time_on_their_gpus(stand_in, tiny, rate_space, tmp_path):
    def training(cfg):
        gpu = os.environ['CUDA_VISIBLE_DEVICES'] + ' by ' + os.environ['CUDA_DEVICE_ORDER']
        (tmp_path / cfg.work_dir[-4:]).write_text(gpu)
        by_rate(cfg)

    stand_in(training)(tiny, rate_space, tmp_path / 's').run(4, slots=['4', '5'])
    seen = {(tmp_path / f'{number:04d}').read_text() for number in range(4)}
    assert seen == {'4 by PCI_BUS_ID', '5 by PCI_BUS_ID'}


def test_a_gpu_that_is_not_there_is_one_line(stand_in, tiny, rate_space, tmp_path):
    search = stand_in(by_rate)(tiny, rate_space, tmp_path / 's')
    with pytest.raises(HandboneError, match='there is no GPU 9; name some of these: 0, 1'):
        search.run(2, slots=['0', '9'])
    assert search.study.trials == []


def test_a_full_disk_loses_no_trial(stand_in, tiny, rate_space, tmp_path):
    pytest.importorskip('sqlalchemy')
    from small_disk import mount_small_disk

    with mount_small_disk(tmp_path / 'disk', '600k') as disk:
        if disk is None:
            pytest.skip('a small file system cannot be mounted here')
        search = stand_in(by_rate)(tiny, rate_space, disk / 's')
        search.run(2)
        filler = fill_disk(disk, 0)
        with pytest.raises((HandboneError, OSError)) as caught:
            search.run(3)
        assert '\n' not in str(caught.value) and str(disk) in str(caught.value)
        filler.unlink()
        stand_in(by_rate)(tiny, rate_space, disk / 's').run(4)
        states = [row['state'] for row in table(disk / 's')]
        assert states[:2] == ['complete'] * 2 and len(states) == 4
        assert 'running' not in states


def test_a_journal_that_ends_in_half_a_line_continues(stand_in, tiny, rate_space, tmp_path):
    search = stand_in(by_rate)
    search(tiny, rate_space, tmp_path / 's', storage='journal').run(2)
    with (tmp_path / 's' / 'study.journal').open('ab') as file:
        file.write(b'{"op_code":5,"wor')
    # the kind of an existing study stays
    search(tiny, rate_space, tmp_path / 's').run(3)
    assert [row['state'] for row in table(tmp_path / 's')] == ['complete'] * 3
    assert not (tmp_path / 's' / 'study.db').exists()


@pytest.mark.parametrize('name', ['study.db', 'study.journal'])
def test_a_damaged_study_is_one_line(stand_in, tiny, rate_space, tmp_path, name):
    folder = tmp_path / 's'
    folder.mkdir()
    (folder / name).write_text('not a study\n' * 50)
    with pytest.raises(HandboneError) as caught:
        stand_in(by_rate)(tiny, rate_space, folder)
    assert str(folder / name) in str(caught.value) and '\n' not in str(caught.value)


def test_a_config_without_validation_is_refused(stand_in, rate_space, tiny, tmp_path):
    cfg = read_config_file(tiny)
    for name in ('val_dataloader', 'val_cfg', 'val_evaluator'):
        cfg[name] = None
    cfg.dump(tmp_path / 'blind.py')
    with pytest.raises(HandboneError, match='has no val_dataloader'):
        stand_in(by_rate)(tmp_path / 'blind.py', rate_space, tmp_path / 's')


def test_importances_say_what_mattered(tmp_path):
    space = tmp_path / 'two.yaml'
    decay = 'optim_wrapper.optimizer.weight_decay'
    space.write_text(f'{RATE}: {{low: 0.0, high: 1.0}}\n{decay}: {{low: 0.0, high: 1.0}}\n')
    study = advance(tmp_path / 's', space, 15, lambda settings: settings[RATE], sampler='random')
    shares = write_importances(study, 'mDice', tmp_path / 'picture.png')
    assert [*shares] == [RATE, decay] and shares[RATE] > 0.8
    assert cv2.imread(str(tmp_path / 'picture.png')).std() > 0
