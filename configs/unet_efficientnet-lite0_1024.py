# Hands with a small pretrained encoder: a network for machines without a GPU.
_base_ = [
    '_base_/models/unet_efficientnet-lite0.py',
    '_base_/datasets/xray_hand_bone.py',
    '_base_/schedules/adamw_layer_decay.py',
    '_base_/default_runtime.py',
]
# batches of 4 show each of 640 images 50 times
max_iters = 8000
full_size_from = 5000
_base_.param_scheduler[1].update(T_max=max_iters - 100, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters // 4)
crop_size = (1024, 1024)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=4)
# times the number of classes, to sum over classes instead of averaging
_base_.model.decode_head.loss_decode[0].loss_weight = 29.0
model = dict(
    data_preprocessor=dict(
        type='ProgressiveDataPreProcessor',
        stages=[(full_size_from / max_iters, 2)],
        size_divisor=64,  # half of it is a multiple of the network's stride, 32
    ),
)
