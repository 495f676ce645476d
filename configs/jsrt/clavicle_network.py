# The network of configs/jsrt/clavicles.py that sees one clavicle after the other.
_base_ = ['unet_efficientnet-lite0_256.py', '../_base_/models/clavicle_looks.py']
regions = _base_.clavicle_regions
crop_size = regions[0].size
train_pipeline = [
    dict(type='LoadRadiograph', cache_megabytes=150),  # 99 images of 1024 x 1024
    dict(type='CropToRegion', region=regions, **_base_.jitter),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs', channels=1),
]
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='CropToRegion', region=regions, score_view=True),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs', channels=1),
]
max_iters = 1500
_base_.param_scheduler[1].update(T_max=max_iters - 60, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
_base_.train_dataloader.dataset.pipeline = train_pipeline
_base_.val_dataloader.dataset.pipeline = test_pipeline
_base_.test_dataloader.dataset.pipeline = test_pipeline
# a view has half as many pixels as an image of 256 x 256
train_dataloader = dict(batch_size=8)
