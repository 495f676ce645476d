# The network of wrist.py that sees the wrist, as the labels place it.
_base_ = [
    '../_base_/models/hand_looks.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_cosine.py',
    '../_base_/default_runtime.py',
]
data_root = 'data/phantom'
regions = _base_.wrist_regions
crop_size = regions[0].size
train_pipeline = [
    dict(type='LoadRadiograph', cache_megabytes=500),  # 400 images of 1024 x 1024
    dict(type='CropToRegion', region=regions, **_base_.jitter),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomFlip', prob=0.5),  # the bones of right and left hands have the same classes
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs', channels=1),
]
# scores are those of the view, in which most bones are cut or absent
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='CropToRegion', region=regions, score_view=True),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs', channels=1),
]
max_iters = 2000
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(
    batch_size=8,
    dataset=dict(data_root=data_root, num_folds=10, pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=10, pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(data_root=data_root, pipeline=test_pipeline))
model = _base_.network
