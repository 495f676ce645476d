# A small network from scratch, in minutes on two CPU cores; a head and a loss of mmseg.
_base_ = [
    '../_base_/models/folded_unet.py',
    '../_base_/datasets/trash.py',
    '../_base_/schedules/adamw_one_cycle.py',
    '../_base_/default_runtime.py',
]
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
model = dict(
    data_preprocessor=dict(
        mean=[123.675, 116.28, 103.53],  # of ImageNet, red first
        std=[58.395, 57.12, 57.375],
        bgr_to_rgb=True,
    ),
    backbone=dict(in_channels=3),
    decode_head=dict(
        _delete_=True,
        type='FCNHead',
        in_channels=32,
        in_index=0,
        channels=32,
        num_convs=1,
        concat_input=False,
        dropout_ratio=0,
        num_classes=11,
        loss_decode=dict(type='CrossEntropyLoss'),
    ),
    test_cfg=dict(decision='exclusive'),
)
default_hooks = dict(checkpoint=dict(save_best='mIoU'))
