"""A student learns what teachers say, and is an ordinary model afterwards."""

import json
from copy import deepcopy
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.config import Config
from mmengine.registry import init_default_scope
from mmengine.structures import PixelData
from mmseg.registry import MODELS
from mmseg.structures import SegDataSample
from striped_object import build_cascade, build_second_look

from handbone.apis.testing import test as run_test
from handbone.apis.training import train
from handbone.checkpoints import load_checkpoint_file, write_checkpoint
from handbone.ensembles import Ensemble, EnsembleMember, write_ensemble
from handbone.ensembles.distillation import (
    SOFT_LOSS,
    check_teachers,
    predicting_logits,
    soft_loss,
)
from handbone.ensembles.teachers import (
    Teachers,
    as_seen_by,
    build_teacher,
    of_size,
    read_teachers,
)
from handbone.errors import HandboneError
from handbone.file_hash import file_hash
from handbone.masks import pack, planes_first
from tests.compatibility.tiny_training import CLASSES, make_config, write_data

CONFIGS = Path(__file__).parents[2] / 'configs'


@pytest.fixture(scope='module')
def data(tmp_path_factory):
    root = tmp_path_factory.mktemp('data')
    write_data(root)
    return root


@pytest.fixture
def config(data, tmp_path):
    """Makes configurations of the tiny training."""

    def make(name='student', **changes):
        changes.setdefault('visualizer', dict(name=f'{tmp_path.name}_{name}'))
        return make_config(data, tmp_path / name, CONFIGS, **changes)

    return make


@pytest.fixture
def teacher(config, tmp_path):
    """Writes checkpoints with random weights, as a training would."""

    def write(seed, classes=CLASSES):
        init_default_scope('mmseg')
        cfg = config('teacher')
        torch.manual_seed(seed)
        model = MODELS.build(cfg.model)
        torch.nn.init.normal_(model.decode_head.to_pixels.weight, std=0.5)
        meta = dict(dataset_meta=dict(classes=classes), config_text=cfg.pretty_text)
        path = tmp_path / f'teacher{seed}.pth'
        write_checkpoint(path, model.state_dict(), meta)
        return str(path), model.eval()

    return write


def student(cfg, teachers, **settings):
    init_default_scope('mmseg')
    model = deepcopy(cfg.model)
    model.update(type='DistilledEncoderDecoder', teachers=teachers, **settings)
    torch.manual_seed(5)
    return MODELS.build(model)


def batch(size=64):
    images = torch.randn(2, 1, size, size, generator=torch.Generator().manual_seed(1))
    masks = np.zeros((len(CLASSES), size, size), bool)
    masks[:, 10:30, 10:40] = True
    sample = SegDataSample()
    sample.set_data(dict(gt_sem_seg=PixelData(data=planes_first(pack(masks)))))
    return images, [sample, sample]


@pytest.mark.parametrize('temperature', [1.0, 3.0])
def test_soft_loss(temperature):
    """By its definition, and its gradient at temperature 1: the difference of probabilities."""
    x, z = (torch.randn(2, 3, 4, 5, dtype=torch.float64) for _ in range(2))
    x.requires_grad_()
    p, q = (each / temperature for each in (x, z))
    p, q = torch.sigmoid(p), torch.sigmoid(q)
    expected = -(q * torch.log(p) + (1 - q) * torch.log(1 - p)).mean() * temperature**2
    value = soft_loss(x, z, temperature)
    torch.testing.assert_close(value.double(), expected, rtol=1e-5, atol=1e-6)
    (gradient,) = torch.autograd.grad(value, x)
    torch.testing.assert_close(gradient, temperature * (p - q) / x.numel(), rtol=1e-4, atol=1e-6)


def test_mean_of_the_teachers(config, teacher, tmp_path):
    """Of their probabilities, with the weights of the ensemble."""
    (one, first), (other, second) = teacher(1), teacher(2)
    members = [
        EnsembleMember(path, file_hash(Path(path)), weight)
        for path, weight in ((one, 3.0), (other, 1.0))
    ]
    write_ensemble(tmp_path / 'ensemble.json', Ensemble(CLASSES, tuple(members), (0.5,) * 3))
    images, _ = batch()
    model = student(config(), str(tmp_path / 'ensemble.json'))
    teachers = Teachers(read_teachers(model.teachers), torch.device('cpu'))
    with torch.no_grad():
        parts = [each.encode_decode(images, []).sigmoid() for each in (first, second)]
    found = teachers.logits(images, model.data_preprocessor, parts[0].shape[2:])
    torch.testing.assert_close(found.sigmoid(), 0.75 * parts[0] + 0.25 * parts[1])
    equal = Teachers(read_teachers([one, other]), torch.device('cpu'))
    found = equal.logits(images, model.data_preprocessor, parts[0].shape[2:])
    torch.testing.assert_close(found.sigmoid(), 0.5 * parts[0] + 0.5 * parts[1])


def test_losses(config, teacher):
    """Those of the labels as without teachers, and the soft one, which is zero for a twin."""
    path, model = teacher(1)
    images, samples = batch()
    cfg = config()
    pupil = student(cfg, [path], soft_weight=2.0, temperature=2.0)
    plain = MODELS.build(cfg.model)
    plain.load_state_dict(pupil.state_dict())
    losses, expected = pupil.loss(images, samples), plain.loss(images, samples)
    assert losses.keys() == expected.keys() | {SOFT_LOSS}
    assert all(torch.equal(losses[key], expected[key]) for key in expected)
    with torch.no_grad():
        seen = model.encode_decode(images, [])
    logits = pupil.decode_head(pupil.extract_feat(images))
    torch.testing.assert_close(losses[SOFT_LOSS], 2 * soft_loss(logits, seen, 2.0))

    twin = student(cfg, [path]).eval()  # BatchNorm as in the teacher
    twin.load_state_dict(model.state_dict())
    twin.loss(images, samples)[SOFT_LOSS].backward()
    assert all(weight.grad.abs().max() < 1e-6 for weight in twin.parameters())


def test_a_head_with_more_than_one_output(config, teacher):
    cfg = config()
    cfg.model.decode_head = dict(
        type='MultilabelEncHead',
        in_channels=[8],
        in_index=[0],
        channels=8,
        num_codes=4,
        num_classes=3,
    )
    losses = student(cfg, [teacher(1)[0]]).loss(*batch())
    assert torch.isfinite(losses[SOFT_LOSS])


@pytest.mark.parametrize('kind', ['MultilabelDDRHead', 'MultilabelPIDHead'])
def test_the_logits_that_a_head_predicts_with(kind):
    """Of the branches that it has while it is trained, the one that is left afterwards."""
    init_default_scope('mmseg')
    torch.manual_seed(0)
    norm = dict(type='GN', num_groups=1)
    settings = dict(in_channels=8, channels=8, num_classes=3, norm_cfg=norm, dropout_ratio=0)
    head = MODELS.build(dict(type=kind, align_corners=False, **settings))
    fine, coarse = torch.randn(2, 4, 8, 8), torch.randn(2, 8, 8, 8)
    branches = (fine, coarse) if kind == 'MultilabelDDRHead' else (fine, coarse, fine)
    found = predicting_logits(head, head.train()(branches))
    torch.testing.assert_close(found, predicting_logits(head, head.eval()(coarse)))


def test_teachers_are_no_part_of_the_student(config, teacher):
    """Neither of its checkpoints nor of averaged copies, and random numbers go on as without."""
    path, _ = teacher(1)
    pupil = student(config(), [path])
    names, state = set(pupil.state_dict()), torch.get_rng_state()
    pupil.loss(*batch())
    assert torch.equal(torch.get_rng_state(), state)
    assert set(pupil.state_dict()) == names
    assert deepcopy(pupil)._teachers is pupil._teachers


def test_predictions_need_no_teacher(config):
    pupil = student(config(), ['nowhere.pth']).eval()
    with torch.no_grad():
        assert len(pupil.predict(batch()[0])) == 2
    with pytest.raises(FileNotFoundError, match=r'nowhere\.pth'):
        pupil.loss(*batch())


def test_values_as_the_teacher_knows_them():
    """The same grey values in both, normalised by each; ranks only where both have them."""
    init_default_scope('mmseg')
    kinds = dict(
        own=dict(type='SegDataPreProcessor', mean=[127.5], std=[64.0]),
        other=dict(type='SegDataPreProcessor', mean=[100.0], std=[50.0]),
        none=dict(type='SegDataPreProcessor'),
        ranks=dict(type='RankDataPreProcessor'),
    )
    own, other, none, ranks = (MODELS.build(kind) for kind in kinds.values())
    grey = 255 * torch.rand(1, 1, 8, 8)
    for student, seen in ((own, (grey - 127.5) / 64), (none, grey)):
        for of_teacher, wanted in ((other, (grey - 100) / 50), (none, grey)):
            found = as_seen_by(of_teacher, seen, student, 'a.pth')
            torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4)
    assert as_seen_by(ranks, grey, ranks, 'a.pth') is grey
    with pytest.raises(ValueError, match='a.pth was trained on grey values in 32 ranks, the stud'):
        as_seen_by(ranks, grey, own, 'a.pth')


def test_resolutions():
    """Finer logits are averaged, coarser ones interpolated."""
    logits = torch.randn(1, 2, 8, 8)
    expected = logits.unflatten(2, (4, 2)).unflatten(4, (4, 2)).mean((3, 5))
    torch.testing.assert_close(of_size(logits, (4, 4)), expected)
    assert of_size(logits, (8, 8)).equal(logits)
    assert of_size(logits, (24, 16)).shape == (1, 2, 24, 16)


def test_other_classes_are_refused(config, teacher, tmp_path):
    """Before any data is read, by name."""
    one, other = teacher(1)[0], teacher(2, classes=('disc', 'corner', 'bar'))[0]
    with pytest.raises(ValueError, match=r'teacher2\.pth has different classes from .*teacher1'):
        read_teachers([one, other])
    cfg = config()
    cfg.model.update(type='DistilledEncoderDecoder', teachers=[other])
    with pytest.raises(ValueError, match=r'the teacher .*teacher2\.pth has different classes'):
        train(cfg)
    check_teachers(Config(dict(model=dict(type='MultilabelEncoderDecoder'))))


@pytest.mark.parametrize(
    ('settings', 'message'),
    [
        (dict(temperature=0), 'temperature is above 0, got 0'),
        (dict(test_cfg=dict(mode='neither')), 'test_cfg.mode'),
    ],
)
def test_wrong_settings(config, settings, message):
    with pytest.raises(ValueError, match=message):
        student(config(), ['a.pth'], **settings)


@pytest.mark.parametrize('build', [build_second_look, build_cascade])
def test_a_teacher_is_a_single_network(build, monkeypatch):
    """Of a second look, only the first stage would have taught."""
    init_default_scope('mmseg')
    model = build()
    monkeypatch.setattr('handbone.ensembles.teachers.build_member', lambda *_: model)
    with pytest.raises(HandboneError, match=f'joined.pth: {type(model).__name__} cannot teach'):
        build_teacher(Config(dict(model=dict())), 'joined.pth')


def test_no_teacher():
    with pytest.raises(ValueError, match='a distillation needs teachers'):
        read_teachers([])


@pytest.mark.slow
def test_from_the_training_to_the_scores(config, tmp_path):
    """A trained teacher, a student of another width, and the student without its teacher."""
    train(config('teacher'))
    cfg = config('student')
    cfg.model.update(type='DistilledEncoderDecoder', teachers=[str(tmp_path / 'teacher')])
    train(cfg)
    (log,) = (tmp_path / 'student').glob('*/vis_data/scalars.json')
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    soft = [line[SOFT_LOSS] for line in lines if SOFT_LOSS in line]
    assert soft and np.isfinite(soft).all()
    checkpoint = str(next((tmp_path / 'student').glob('iter_*.pth')))
    plain = load_checkpoint_file(str(next((tmp_path / 'teacher').glob('iter_*.pth'))))
    assert load_checkpoint_file(checkpoint)['state_dict'].keys() == plain['state_dict'].keys()
    assert 'mDice' in run_test(config('tested', load_from=checkpoint))
