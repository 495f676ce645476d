# JSRT with a pretrained encoder, in a quarter of an hour on two CPU cores.
_base_ = [
    '../_base_/models/unet_efficientnet-lite0.py',
    '../_base_/datasets/jsrt.py',
    '../_base_/schedules/adamw_layer_decay.py',
    '../_base_/default_runtime.py',
]
crop_size = (512, 512)
_base_.train_dataloader.dataset.pipeline[0].cache_megabytes = 150  # 99 images of 1024 x 1024
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=4)
model = dict(
    data_preprocessor=dict(
        type='ProgressiveDataPreProcessor',
        stages=_base_.stages,
        size_divisor=64,  # half of it is a multiple of the network's stride, 32
    ),
    decode_head=dict(
        num_classes=5,
        loss_decode=[
            # times the number of classes, to sum over classes instead of averaging
            dict(type='MultilabelBCELoss', loss_weight=5.0),
            dict(type='MultilabelDiceLoss', loss_weight=1.0),
        ],
    ),
)
