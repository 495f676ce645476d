# 29 bones on synthetic radiographs, from scratch, in minutes on two CPU cores.
_base_ = [
    '_base_/models/folded_unet.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_one_cycle.py',
    '_base_/default_runtime.py',
]
crop_size = (512, 512)
data_root = 'data/phantom'
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=8, dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
