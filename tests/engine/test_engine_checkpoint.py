"""A checkpoint that does not fit stops the run with one error."""

import pytest
import torch
from mmengine.model import BaseTTAModel
from shift_run import CLASSES, MaskDataset, ShiftModel, make_runner
from torch import nn

from handbone.checkpoints.fitting import class_faults, weight_faults

HOOK = 'mmseg.CheckpointCompatibilityHook'


@pytest.fixture
def save(tmp_path):
    """Write a checkpoint as mmengine's runner does."""

    def write(classes=CLASSES, num_classes=3, model=None, meta=True):
        path = tmp_path / 'epoch_1.pth'
        state_dict = (model or ShiftModel(num_classes)).state_dict()
        checkpoint = dict(
            state_dict=state_dict,
            message_hub=dict(log_scalars={}, runtime_info={}, resumed_keys={}),
        )
        if meta:
            checkpoint['meta'] = dict(dataset_meta=dict(classes=classes), epoch=0, iter=0)
        torch.save(checkpoint, path)
        return str(path)

    return write


def test_a_fitting_checkpoint_passes(mask_runner, save):
    assert mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=save()).test()['mDice'] > 0


def test_a_bare_state_dict_passes(mask_runner, tmp_path):
    torch.save(ShiftModel().state_dict(), tmp_path / 'bare.pth')
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=str(tmp_path / 'bare.pth'))
    assert runner.test()['mDice'] > 0


@pytest.mark.parametrize('validate', [False, True])
def test_another_class_count(mask_runner, save, validate):
    path = save(classes=('Radius', 'Ulna'), num_classes=2)
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=path, validate=validate)
    with pytest.raises(ValueError, match='does not fit') as caught:
        runner.val() if validate else runner.test()
    text = str(caught.value)
    assert path in text
    assert "trained on 2 classes ('Radius', 'Ulna')" in text
    assert "the dataset has 3 ('disc', 'ring, outer', 'bar')" in text
    assert 'head.weight is 2 x 1 x 1 x 1 in it and 3 x 1 x 1 x 1 in the model' in text
    assert 'Give a checkpoint of this config' in text


def test_another_class_count_without_meta(mask_runner, save):
    runner = mask_runner(
        count=1, hooks=[dict(type=HOOK)], load_from=save(num_classes=5, meta=False)
    )
    with pytest.raises(ValueError, match='head.bias is 5 in it and 3 in the model'):
        runner.test()


def test_another_model(mask_runner, save):
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=save(model=nn.Linear(2, 2)))
    with pytest.raises(ValueError, match=r'2 of 2 weights are not in it \(head.bias'):
        runner.test()


def test_without_the_hook_mmengine_goes_on(mask_runner, save):
    """What the hook is for: the head stays random and nothing stops the run."""
    assert mask_runner(count=1, load_from=save(num_classes=5, meta=False)).test()


class TrainModel(ShiftModel):
    """Has a loss."""

    def forward(self, inputs, data_samples=None, mode='tensor'):
        if mode == 'loss':
            return dict(loss=self.head.weight.sum())
        return super().forward(inputs, data_samples, mode)


def train_runner(tmp_path, model=None, **settings):
    dataset = MaskDataset(tmp_path / 'images', 2)
    return make_runner(
        tmp_path / 'work',
        dataset,
        hooks=[dict(type=HOOK)],
        model=model or TrainModel(),
        validate=True,
        train_dataloader=dict(
            dataset=dataset, batch_size=2, sampler=dict(type='DefaultSampler'), num_workers=0
        ),
        train_cfg=dict(by_epoch=True, max_epochs=1),
        optim_wrapper=dict(optimizer=dict(type='SGD', lr=0.0)),
        default_hooks=dict(checkpoint=dict(type='CheckpointHook', interval=-1)),
        **settings,
    )


def test_training_may_start_from_other_classes(tmp_path, save, capsys):
    train_runner(tmp_path, load_from=save(('a', 'b'), 2)).train()
    assert 'does not fit the config' in capsys.readouterr().out


def test_training_starts_from_the_network_of_a_cascade(tmp_path, capsys):
    """The one that fits, and the one that labels if both do."""

    class Cascade(nn.Module):
        def __init__(self, locator, network):
            super().__init__()
            self.locator, self.network = locator, network

    for parts in ((ShiftModel(), ShiftModel()), (ShiftModel(), nn.Linear(2, 2))):
        path = tmp_path / 'cascade.pth'
        torch.save(dict(state_dict=Cascade(*parts).state_dict(), meta=dict()), path)
        runner = train_runner(tmp_path, load_from=str(path))
        runner.train()
        expected = parts[1] if isinstance(parts[1], ShiftModel) else parts[0]
        assert torch.equal(runner.model.head.bias, expected.head.bias)
        assert 'does not fit' not in capsys.readouterr().out


def test_training_of_other_classes_takes_what_fits_of_a_cascade(tmp_path, capsys):
    class Network(TrainModel):
        def __init__(self, num_classes, width=4):
            super().__init__(num_classes)
            self.body = nn.Linear(width, width)

    parts = nn.ModuleDict(dict(locator=Network(5, 8), network=Network(5)))
    path = tmp_path / 'cascade.pth'
    classes = dict(dataset_meta=dict(classes=tuple('abcde')))
    torch.save(dict(state_dict=parts.state_dict(), meta=classes), path)
    runner = train_runner(tmp_path, Network(3), load_from=str(path))
    runner.train()
    assert torch.equal(runner.model.body.weight, parts['network'].body.weight)
    told = ' '.join(capsys.readouterr().out.split())
    assert 'it was trained on 5 classes' in told
    assert 'Of its networks, the network is taken.' in told


def test_training_starts_from_classes_of_other_names_and_says_so(tmp_path, save, capsys):
    model = ShiftModel()
    runner = train_runner(tmp_path, load_from=save(('disc', 'lid', 'bar'), model=model))
    runner.train()
    assert torch.equal(runner.model.head.weight, model.head.weight)
    told = ' '.join(capsys.readouterr().out.split())
    assert "its classes have other names ('lid' in it, 'ring, outer' in the dataset)" in told


def test_training_of_other_classes_does_not_start_from_the_starter(tmp_path):
    with pytest.raises(ValueError, match='handbone publish starter --out own.safetensors'):
        train_runner(tmp_path, load_from='starter').train()


@pytest.mark.parametrize('validate', [False, True])
def test_classes_of_other_names_are_not_tested(mask_runner, save, validate):
    path = save(('disc', 'lid', 'rod'))
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=path, validate=validate)
    with pytest.raises(
        ValueError, match="other names .'lid', 'rod' in it, 'ring, outer', 'bar' in"
    ):
        runner.val() if validate else runner.test()


def test_a_test_does_not_take_a_network_of_a_cascade(mask_runner, tmp_path):
    weights = {f'network.{name}': each for name, each in ShiftModel().state_dict().items()}
    torch.save(dict(state_dict=weights), tmp_path / 'cascade.pth')
    path = str(tmp_path / 'cascade.pth')
    runner = mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=path)
    with pytest.raises(ValueError, match='does not fit'):
        runner.test()


def test_resuming_may_not(tmp_path, save):
    path = save(('a', 'b'), 2)
    with pytest.raises(ValueError, match='does not fit'):
        train_runner(tmp_path, load_from=path, resume=True).train()


def test_classes_are_compared_by_name_and_order():
    assert class_faults(('a', 'b', 'c'), ('a', 'b', 'd')) == [
        "its classes have other names ('c' in it, 'd' in the dataset)"
    ]
    assert class_faults(None, ('a', 'b')) == []
    assert class_faults(('ra\u0301dio', 'b'), ('r\u00e1dio', 'b')) == []
    assert class_faults(('ra\u0301dio', 'b'), ('b', 'r\u00e1dio')) != []
    assert class_faults(('a', 'b', 'c'), ('b', 'a', 'c')) == [
        "its classes are in a different order ('a', 'b' are moved)"
    ]


def test_wrapped_models_and_missing_auxiliary_heads():
    class Segmentor(ShiftModel):
        def __init__(self):
            super().__init__()
            del self.head
            self.decode_head = nn.Conv2d(2, 3, 1)
            self.auxiliary_head = nn.Conv2d(2, 3, 1)

    class Augmented(BaseTTAModel):
        def merge_preds(self, data_samples_list):
            return data_samples_list

    model = Segmentor()
    published = {
        f'module.{name}': weight
        for name, weight in model.state_dict().items()
        if 'auxiliary' not in name
    }
    assert weight_faults(published, Augmented(model)) == []
    assert weight_faults({}, model) == [
        '2 of 4 weights are not in it (decode_head.bias, decode_head.weight)'
    ]


def test_a_deeper_model_is_another_one():
    """What is left over would be left out: all that the smaller one needs is there."""

    class Backbone(nn.Module):
        def __init__(self, depth, head='decode_head'):
            super().__init__()
            self.blocks = nn.Sequential(*(nn.Linear(2, 2) for _ in range(depth)))
            self.norm = nn.BatchNorm1d(2)
            setattr(self, head, nn.Linear(2, 1))

    deep, shallow = Backbone(4), Backbone(2)
    assert weight_faults(deep.state_dict(), shallow) == [
        '4 of its weights are not in the model (blocks: 4 from 2.bias on)'
    ]
    assert weight_faults(deep.state_dict(), deep) == []
    # statistics that another version keeps, and heads for training alone, may be left over
    shallow.norm = nn.BatchNorm1d(2, track_running_stats=False)
    extra = Backbone(2).state_dict() | {'auxiliary_head.weight': torch.ones(1)}
    assert weight_faults(extra, shallow) == []


def test_many_faults_are_summed_up():
    """Sorted, by part of the model, not a wall."""

    def model(size, parts=('backbone', 'decode_head')):
        return nn.ModuleDict(
            {part: nn.Sequential(*(nn.Linear(size, size) for _ in range(6))) for part in parts}
        )

    faults = weight_faults(model(2).state_dict(), model(3))
    assert faults == [
        'backbone.0.bias is 2 in it and 3 in the model',
        'backbone.0.weight is 2 x 2 in it and 3 x 3 in the model',
        'backbone.1.bias is 2 in it and 3 in the model',
        '21 more weights differ in shape (backbone: 9 from 1.weight on; '
        'decode_head: 12 from 0.bias on)',
    ]
    other = model(3, ('encoder', 'decode_head')).state_dict()
    del other['decode_head.5.bias']
    assert weight_faults(other, model(3)) == [
        '13 of 24 weights are not in it (backbone: 12 from 0.bias on; '
        'decode_head: 1 from 5.bias on)',
        '12 of its weights are not in the model (encoder: 12 from 0.bias on)',
    ]


def test_the_error_comes_before_the_wall(mask_runner, save, capfd):
    """mmengine lists every name when it loads; here the run stops before."""
    path = save(model=nn.Linear(2, 2))
    with pytest.raises(ValueError, match='does not fit'):
        mask_runner(count=1, hooks=[dict(type=HOOK)], load_from=path).test()
    assert 'missing keys' not in capfd.readouterr().out
