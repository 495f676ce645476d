# Chest radiographs of JSRT with five overlapping structures, in the layout of the hand-bone data.
# Fold 0 of 5 is held out for validation. The environment variable JSRT_ROOT names their folder.
dataset_type = 'XRayHandBoneDataset'
data_root = '{{$JSRT_ROOT:../shared/data/jsrt}}'
metainfo = dict(
    classes=('right_lung', 'left_lung', 'heart', 'right_clavicle', 'left_clavicle'),
    groups=dict(
        lungs=('right_lung', 'left_lung'),
        heart=('heart',),
        clavicles=('right_clavicle', 'left_clavicle'),
    ),
)
crop_size = (256, 256)

train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='RandomAffine', size=crop_size, degrees=10, scale=(0.85, 1.18), translate=0.05),
    dict(type='LoadPolygonAnnotations', frame='image'),
    # No flip: it would put the heart on the other side.
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs'),
]
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='Resize', scale=crop_size, keep_ratio=True, interpolation='area'),
    # Reference masks keep the size of the file, at which predictions are scored.
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]

train_dataloader = dict(
    batch_size=8,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        fold=0,
        num_folds=5,
        split='train',
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        metainfo=metainfo,
        fold=0,
        num_folds=5,
        split='val',
        pipeline=test_pipeline,
    ),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='DiceMetric')
test_evaluator = val_evaluator
