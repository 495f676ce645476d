# unet_efficientnet-lite0_384 at 256 x 256: a few minutes on one CPU core, for comparing starts.
_base_ = ['unet_efficientnet-lite0_384.py']
max_iters = 120
_base_.model.data_preprocessor.stages = []
_base_.param_scheduler[0].end = 15
_base_.param_scheduler[1].update(T_max=max_iters - 15, begin=15, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
