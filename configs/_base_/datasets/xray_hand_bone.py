# Hand radiographs with 29 bones: fold 0 of 5 is held out for validation, folds keep patients whole.
# To change the size in a config that inherits from this one:
#   crop_size = (1024, 1024)
#   _base_.train_dataloader.dataset.pipeline[1].size = crop_size
#   _base_.val_dataloader.dataset.pipeline[1].scale = crop_size
#   _base_.test_dataloader.dataset.pipeline[1].scale = crop_size
#   _base_.test_pipeline[1].scale = crop_size  # what mmseg's own inference_model reads
dataset_type = 'XRayHandBoneDataset'
data_root = 'data'
crop_size = (1536, 1536)

# RandomAffine replaces Resize, RandomRotate and RandomCrop: it interpolates once from 2048 x 2048
# to the network's size and moves the polygons before they are drawn. mmseg's own transforms work
# on packed labels too, with LoadPolygonAnnotations before them, cat_max_ratio=1.0 and
# seg_pad_val=0. Up to 20 degrees and a quarter of the size: enough for the positions and sizes of
# hands, while the image still shows all bones.
train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='RandomAffine', size=crop_size, degrees=20, scale=(0.8, 1.25), translate=0.05),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomFlip', prob=0.5),  # the bones of right and left hands have the same classes
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
# The views that `handbone test --tta` averages, made on the device one by one. More examples:
# dict(angle=-8), dict(angle=90), dict(scale=1.25), dict(flip='horizontal', angle=5, scale=0.8).
tta_views = [dict(), dict(flip='horizontal')]

train_dataloader = dict(
    batch_size=2,  # per GPU
    num_workers=2,  # use more if load/gpu in the log is low and load/cpu is not high
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        fold=0,
        num_folds=5,
        split='train',
        bad_files='stop',  # 'report' leaves bad files out and lists them
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    batch_size=1,  # images may have different sizes
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        fold=0,
        num_folds=5,
        split='val',
        pipeline=test_pipeline,
    ),
)
# Predictions are scored if test/outputs_json exists.
test_dataloader = dict(
    batch_size=1,
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
    dataset=dict(
        type=dataset_type,
        data_root=data_root,
        data_prefix=dict(img_path='test/DCM', ann_path='test/outputs_json'),
        test_mode=True,
        pipeline=test_pipeline,
    ),
)

val_evaluator = dict(type='DiceMetric')
test_evaluator = val_evaluator
