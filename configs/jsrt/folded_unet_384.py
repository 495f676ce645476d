# The same with a small U-Net whose output has the input's resolution, in minutes on two CPU cores.
_base_ = [
    '../_base_/models/folded_unet.py',
    '../_base_/datasets/jsrt.py',
    '../_base_/schedules/adamw_progressive.py',
    '../_base_/default_runtime.py',
]
crop_size = (384, 384)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=4)
model = dict(
    data_preprocessor=dict(
        type='ProgressiveDataPreProcessor',
        stages=_base_.stages,
        size_divisor=384,  # a third and half of it are multiples of the network's stride, 64
    ),
    decode_head=dict(
        num_classes=5,
        loss_decode=[
            # times the number of classes: the sum over them instead of the mean
            dict(type='MultilabelBCELoss', loss_weight=5.0),
            dict(type='MultilabelDiceLoss', loss_weight=1.0),
        ],
    ),
)
