# The second network of configs/cascade/hand.py: the hand upright, as the labels place it.
_base_ = [
    '../_base_/models/hand_cascade.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_cosine.py',
    '../_base_/default_runtime.py',
]
crop_size = _base_.hand_region.size
# the random part imitates the errors of the locator, and hands of other proportions
train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(
        type='CropToRegion',
        region=_base_.hand_region,
        degrees=10,
        scale=(0.85, 1.15),
        translate=0.05,
        aspect=(0.88, 1.14),
    ),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs', channels=1),
]
# without annotations the whole image is shown; predictions come from hand.py
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='CropToRegion', region=_base_.hand_region),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs', channels=1),
]
# right and left hands are shown alike, so no view is mirrored
tta_views = [dict(), dict(angle=6), dict(angle=-6)]
_base_.train_dataloader.dataset.pipeline = train_pipeline
_base_.val_dataloader.dataset.pipeline = test_pipeline
_base_.test_dataloader.dataset.pipeline = test_pipeline
train_dataloader = dict(batch_size=8)
model = _base_.network
