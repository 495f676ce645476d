# 29 bones on synthetic radiographs, from scratch, in minutes on two CPU cores.
_base_ = [
    '_base_/models/folded_unet.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_progressive.py',
    '_base_/default_runtime.py',
]
crop_size = (512, 512)
data_root = 'data/phantom'
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
# small batches: on a CPU more steps are worth more than smoother ones
train_dataloader = dict(batch_size=4, dataset=dict(data_root=data_root, num_folds=10))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10))
test_dataloader = dict(dataset=dict(data_root=data_root))
model = dict(
    data_preprocessor=dict(type='ProgressiveDataPreProcessor', stages=_base_.stages),
)
