# Windows of 512 x 512 pixels of the files, 384 apart in tests, as in the dataset's paper.
_base_ = [
    '../_base_/models/smp.py',
    '../_base_/datasets/ram_w600.py',
    '../_base_/schedules/adamw_poly_40k_smp.py',
    '../_base_/default_runtime.py',
]
crop_size = (512, 512)
train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='RandomCrop', crop_size=crop_size, cat_max_ratio=1.0),
    dict(type='RandomFlip', prob=0.5),
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs'),
]
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]
train_dataloader = dict(batch_size=8, dataset=dict(pipeline=train_pipeline))
val_dataloader = dict(dataset=dict(pipeline=test_pipeline))
test_dataloader = dict(dataset=dict(pipeline=test_pipeline))
model = dict(
    arch='UnetPlusPlus',
    encoder_name='resnet50',
    num_classes=14,
    test_cfg=dict(mode='slide', crop_size=crop_size, stride=(384, 384)),
)
