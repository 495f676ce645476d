# unet_efficientnet-lite0_256 at 384 x 384, trained for longer.
_base_ = ['unet_efficientnet-lite0_256.py']
# A full-size iteration costs four times as much as one at half the side.
max_iters = 2400
stages = [(1500 / max_iters, 2)]
_base_.param_scheduler[1].update(T_max=max_iters - 60, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (384, 384)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
model = dict(
    data_preprocessor=dict(
        stages=stages,
        size_divisor=64,  # half of it is a multiple of the network's stride, 32
    ),
)
