"""Which heads start at the frequencies of their classes, and model and data of other counts."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from handbone.engine import ClassCountHook, OutputBiasHook
from handbone.models.heads import MultilabelPixelShuffleHead

FREQUENCIES = np.array([0.2, 0.05, 0.01])
STARTED = torch.logit(torch.tensor(FREQUENCIES, dtype=torch.float32)).repeat_interleave(4)


class Net(nn.Module):
    def __init__(self, classes=3):
        super().__init__()
        self.head, self.auxiliary = (
            MultilabelPixelShuffleHead(4, num_classes=count, in_index=0, upscale=2)
            for count in (classes, 3)
        )
        for head in (self.head, self.auxiliary):
            nn.init.zeros_(head.to_pixels.bias)


class Dataset:
    metainfo = dict(classes=('a', 'b', 'c'))

    def class_frequencies(self):
        return FREQUENCIES


def start(checkpoint=None, model=None, dataset=None):
    """Run the hooks as a training does."""
    runner = SimpleNamespace(
        model=model or Net(),
        train_dataloader=SimpleNamespace(dataset=dataset or Dataset()),
        logger=SimpleNamespace(info=lambda _: None),
    )
    hook = OutputBiasHook()
    if checkpoint is not None:
        hook.after_load_checkpoint(runner, checkpoint)
    hook.before_train(runner)
    return runner.model.head.to_pixels.bias, runner.model.auxiliary.to_pixels.bias


def test_training_from_scratch():
    for bias in start():
        torch.testing.assert_close(bias, STARTED)


def test_loaded_heads_keep_their_biases():
    weights = Net().state_dict()
    with_prefix = {f'module.{name}': weight for name, weight in weights.items()}
    for checkpoint in (weights, dict(state_dict=weights), dict(state_dict=with_prefix)):
        for bias in start(checkpoint):
            assert not bias.any()


def test_head_of_another_class_count_starts_anew():
    weights = Net().state_dict()
    weights.update(Net(classes=5).head.state_dict(prefix='head.'))
    main, auxiliary = start(dict(state_dict=weights))
    torch.testing.assert_close(main, STARTED)
    assert not auxiliary.any()


def test_backbone_alone_loaded():
    for bias in start(dict(state_dict={'backbone.weight': torch.zeros(3)})):
        torch.testing.assert_close(bias, STARTED)


class Repeated(SimpleNamespace):
    def __len__(self):
        return self.length


def test_wrapped_datasets():
    """The frequencies of several datasets are averaged over their images."""
    few = Repeated(length=1, dataset=Dataset())
    many = Repeated(length=3, class_frequencies=lambda: FREQUENCIES / 2)
    expected = torch.logit(torch.tensor(FREQUENCIES * (1 + 3 / 2) / 4, dtype=torch.float32))
    for bias in start(dataset=SimpleNamespace(datasets=[few, many])):
        torch.testing.assert_close(bias, expected.repeat_interleave(4))


def test_dataset_that_cannot_tell():
    silent = Repeated(length=1, metainfo={})
    for dataset in (silent, SimpleNamespace(datasets=[silent, Dataset()])):
        for bias in start(dataset=dataset):
            assert not bias.any()


@pytest.mark.parametrize('loop', ['train', 'val', 'test'])
def test_class_counts(loop):
    runner = SimpleNamespace(model=Net())
    setattr(runner, f'{loop}_dataloader', SimpleNamespace(dataset=Dataset()))
    check = getattr(ClassCountHook(), f'before_{loop}')
    check(runner)
    runner.model = Net(classes=4)
    with pytest.raises(ValueError, match='head of the model has num_classes=4 and .* has 3'):
        check(runner)
