# A transformer from scratch, at a learning rate that it tolerates.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_one_cycle.py',
    '../_base_/default_runtime.py',
]
from_scratch = True
max_iters = 225
_base_.param_scheduler.total_steps = max_iters
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (256, 256)
data_root = 'data/phantom_shift'
_base_.train_dataloader.dataset.pipeline[1].update(size=crop_size, degrees=12, scale=(0.9, 1.1))
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=4, dataset=dict(data_root=data_root, num_folds=10))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10))
test_dataloader = dict(dataset=dict(data_root=data_root))
# times the number of classes, as in the demo
_base_.model.decode_head.loss_decode[0].loss_weight = 29.0
