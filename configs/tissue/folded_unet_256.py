# A small network from scratch on tiles of 256 pixels, which stand for 1024 of the files.
_base_ = [
    '../_base_/models/folded_unet.py',
    '../_base_/datasets/tissue.py',
    '../_base_/schedules/adamw_one_cycle.py',
    '../_base_/default_runtime.py',
]
from_scratch = True
crop_size = (256, 256)
max_iters = 300
_base_.param_scheduler.total_steps = max_iters
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(batch_size=8, dataset=dict(dataset=dict(tile_size=256, overlap=64)))
# times the number of classes, as in the demo
_base_.model.decode_head.loss_decode[0].loss_weight = 5.0
model = dict(
    data_preprocessor=dict(mean=[190.0] * 3, std=[50.0] * 3),
    backbone=dict(in_channels=3),
    decode_head=dict(num_classes=5),
    # windows overlap by half; logits of 2 x 2 pixels are averaged, which bounds the memory
    test_cfg=dict(mode='slide', crop_size=crop_size, stride=(128, 128), logit_stride=2),
)
