"""One image a batch is refused exactly where torch would stop in the first iteration."""

from types import SimpleNamespace

import pytest
import torch
from mmengine.registry import init_default_scope
from mmseg.registry import MODELS

from handbone.engine import SingleImageHook

CHANNELS = [8, 8, 8, 8]
HEADS = {
    'uper': dict(type='MultilabelUPerHead', in_channels=CHANNELS, in_index=[0, 1, 2, 3]),
    'fcn': dict(type='MultilabelFCNHead', in_channels=8, in_index=0),
    'aspp': dict(type='ASPPHead', in_channels=8, in_index=3, dilations=(1, 2)),
    'psp': dict(type='PSPHead', in_channels=8, in_index=3),
}


@pytest.mark.parametrize('norm', ['BN', 'GN', 'SyncBN'])
@pytest.mark.parametrize('name', HEADS)
def test_refuses_what_torch_refuses(name, norm):
    init_default_scope('mmseg')
    norm_cfg = dict(type=norm, num_groups=4) if norm == 'GN' else dict(type=norm)
    head = MODELS.build(dict(HEADS[name], channels=16, num_classes=3, norm_cfg=norm_cfg))
    features = [torch.rand(1, 8, side, side) for side in (16, 8, 4, 2)]
    stops = False
    try:
        head.forward(features)
    except ValueError as error:
        stops = 'Expected more than 1 value' in str(error) or norm == 'SyncBN'
        if norm == 'SyncBN':
            stops = False  # it runs on GPUs only, over all of them
    runner = SimpleNamespace(model=head, train_dataloader=SimpleNamespace(batch_size=1))
    if stops:
        with pytest.raises(ValueError, match=r'1 x 1 maps.*batch_size=2'):
            SingleImageHook().before_train(runner)
    else:
        SingleImageHook().before_train(runner)
    assert stops == (norm == 'BN' and name != 'fcn')
    runner.train_dataloader.batch_size = 2
    SingleImageHook().before_train(runner)
