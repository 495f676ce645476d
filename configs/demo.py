# 29 bones on synthetic radiographs, from scratch, in minutes on two CPU cores.
_base_ = [
    '_base_/models/folded_unet_wide.py',  # worth 0.02 Dice after 600 iterations
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_progressive.py',
    '_base_/default_runtime.py',
]
crop_size = (384, 384)
data_root = 'data/phantom'
_base_.train_dataloader.dataset.pipeline[0].cache_megabytes = 500  # 400 images of 1024 x 1024
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
# small batches: on a CPU, more steps help more than smoother ones
train_dataloader = dict(batch_size=4, dataset=dict(data_root=data_root, num_folds=10))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10))
test_dataloader = dict(dataset=dict(data_root=data_root))
# the phantoms already vary in position and pose, so less augmentation than for real radiographs
_base_.train_dataloader.dataset.pipeline[1].update(degrees=12, scale=(0.9, 1.1))
# times the number of classes, to sum over classes: with mostly background, the mean would be small
# compared with Dice
_base_.model.decode_head.loss_decode[0].loss_weight = 29.0
model = dict(
    data_preprocessor=dict(
        type='ProgressiveDataPreProcessor',
        stages=_base_.stages,
        size_divisor=384,  # a third and half of it are multiples of the network's stride, 64
    ),
)
