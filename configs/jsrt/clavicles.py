# A pretrained network, and one that looks again at both clavicles.
#   handbone train configs/jsrt/unet_efficientnet-lite0_384.py
#   handbone train configs/jsrt/clavicle_network.py
#   handbone join configs/jsrt/clavicles.py work_dirs/unet_efficientnet-lite0_384 \
#       work_dirs/clavicle_network --out clavicles.pth
#   handbone test configs/jsrt/clavicles.py clavicles.pth
_base_ = ['unet_efficientnet-lite0_384.py', '../_base_/models/clavicle_looks.py']
# The first stage sees one pixel per block of 3 x 3; the second network sees these pixels.
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
    looks=[dict(network=_base_.network, regions=_base_.clavicle_regions)],
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
