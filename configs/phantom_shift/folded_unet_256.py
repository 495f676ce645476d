# Smaller images and more iterations than folded_unet_384.
_base_ = ['folded_unet_384.py']
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
max_iters = 740
full_size_from = 430
_base_.model.data_preprocessor.update(stages=[(full_size_from / max_iters, 2)], size_divisor=256)
_base_.param_scheduler[1].update(T_max=full_size_from - 60, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
