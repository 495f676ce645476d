# The phantoms of configs/demo.py with a small pretrained encoder.
_base_ = ['../unet_efficientnet-lite0_1024.py']
max_iters = 2000
full_size_from = 1200
_base_.model.data_preprocessor.stages = [(full_size_from / max_iters, 2)]
_base_.param_scheduler[1].update(T_max=max_iters - 100, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (384, 384)
data_root = 'data/phantom'
_base_.train_dataloader.dataset.pipeline[0].cache_megabytes = 500  # 400 images of 1024 x 1024
# the phantoms already vary in position and pose
_base_.train_dataloader.dataset.pipeline[1].update(size=crop_size, degrees=12, scale=(0.9, 1.1))
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10))
test_dataloader = dict(dataset=dict(data_root=data_root))
