# A pretrained network, and one that looks again at both clavicles.
#   handbone train configs/jsrt/unet_efficientnet-lite0_256.py
#   handbone train configs/jsrt/clavicle_network.py
#   handbone join configs/jsrt/clavicles.py work_dirs/unet_efficientnet-lite0_256 \
#       work_dirs/clavicle_network --out clavicles.pth
#   handbone test configs/jsrt/clavicles.py clavicles.pth
_base_ = ['unet_efficientnet-lite0_256.py', '../_base_/models/clavicle_looks.py']
# The first stage sees one pixel per block of 4 x 4; the second network sees these pixels.
shrink = 4
crop_size = (shrink * 256, shrink * 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size  # not trained as a whole
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.val_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_pipeline[1].scale = crop_size
_base_.test_pipeline[-1].channels = 1
data_preprocessor = None  # the first stage has it; augmented views would give it to all
look = dict(
    network=_base_.model,  # the same network, with weights of its own
    regions=_base_.clavicle_regions,
    least_agreement=_base_.least_agreement,
)
model = dict(
    _delete_=True,
    type='SecondLook',
    first=_base_.model,
    looks=[look],
    shrink=shrink,
    # only pads: each network normalises what it sees
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        seg_pad_val=0,
        size_divisor=shrink * 32,
        test_cfg=dict(size_divisor=shrink * 32),
    ),
    test_cfg=dict(mode='whole'),
)
