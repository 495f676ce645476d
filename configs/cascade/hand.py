# A small network finds the hand, a second one labels its 29 bones upright and at one scale.
#   handbone train configs/cascade/hand_locator.py
#   handbone train configs/cascade/hand_network.py
#   handbone join configs/cascade/hand.py work_dirs/hand_locator work_dirs/hand_network \
#       --out hand.pth
#   handbone test configs/cascade/hand.py hand.pth
_base_ = [
    '../_base_/models/hand_cascade.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_cosine.py',
    '../_base_/default_runtime.py',
]
# the view of the hand is cut out of images of this size
crop_size = (_base_.shrink * _base_.locator_size, _base_.shrink * _base_.locator_size)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size  # not trained as a whole
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.val_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_pipeline[1].scale = crop_size
_base_.test_pipeline[-1].channels = 1
# the network sees every hand as a right or a left one, so it has never seen a mirrored view
tta_views = [dict(), dict(angle=6), dict(angle=-6)]
model = dict(
    type='RegionCascade',
    locator=_base_.locator,
    network=_base_.network,
    region=_base_.hand_region,
    shrink=_base_.shrink,
    quarter_turns=True,
    look_closer_below=8,  # of the 29 bones; small hands in a large frame need it
    # only pads: each network normalises what it sees
    data_preprocessor=dict(
        type='SegDataPreProcessor',
        seg_pad_val=0,
        size_divisor=_base_.shrink * 64,
        test_cfg=dict(size_divisor=_base_.shrink * 64),
    ),
    test_cfg=dict(mode='whole'),
)
