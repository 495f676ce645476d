# folded_unet_384 at 256 x 256: three minutes on one CPU core, for comparing steps after training.
_base_ = ['folded_unet_384.py']
max_iters = 740
full_size_from = 430
_base_.model.data_preprocessor.update(stages=[(full_size_from / max_iters, 2)], size_divisor=256)
_base_.param_scheduler[0].end = 60
_base_.param_scheduler[1].update(T_max=full_size_from - 60, begin=60, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
tta_views = [dict(), dict(angle=-5), dict(angle=5)]  # no flip: the heart is on one side
