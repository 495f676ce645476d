# The network of configs/demo.py, and two that look again at the wrist and at the fingertips.
#   handbone train configs/demo.py
#   handbone train configs/cascade/wrist_network.py
#   handbone train configs/cascade/fingertip_network.py
#   handbone join configs/cascade/wrist_and_fingertips.py work_dirs/demo work_dirs/wrist_network \
#       work_dirs/fingertip_network --out wrist_and_fingertips.pth
#   handbone test configs/cascade/wrist_and_fingertips.py wrist_and_fingertips.pth
_base_ = ['../demo.py', '../_base_/models/hand_looks.py']
# The first stage sees one pixel per block of 3 x 3; the second networks see these pixels.
shrink = 3
crop_size = (shrink * 384, shrink * 384)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size  # not trained as a whole
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.val_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_pipeline[1].scale = crop_size
_base_.test_pipeline[-1].channels = 1
data_preprocessor = None  # the first stage has it; augmented views would give it to all
model = dict(
    _delete_=True,
    type='SecondLook',
    first=_base_.model,
    looks=[
        dict(network=_base_.network, regions=regions, least_agreement=_base_.least_agreement)
        for regions in (_base_.wrist_regions, _base_.fingertip_regions)
    ],
    shrink=shrink,
    # only pads: each network normalises what it sees
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        seg_pad_val=0,
        size_divisor=shrink * 64,
        test_cfg=dict(size_divisor=shrink * 64),
    ),
    test_cfg=dict(mode='whole'),
)
