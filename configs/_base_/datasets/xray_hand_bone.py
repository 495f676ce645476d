# Hand radiographs with 29 bones: fold 0 of 5 is held out for validation, folds keep patients whole.
# Another size in a config that inherits from this one:
#   crop_size = (1024, 1024)
#   _base_.train_dataloader.dataset.pipeline[1].size = crop_size
#   _base_.val_dataloader.dataset.pipeline[1].scale = crop_size
#   _base_.test_dataloader.dataset.pipeline[1].scale = crop_size
#   _base_.test_pipeline[1].scale = crop_size  # what mmseg's own inference_model reads
dataset_type = 'XRayHandBoneDataset'
data_root = 'data'
crop_size = (1536, 1536)

# RandomAffine replaces Resize, RandomRotate and RandomCrop: one interpolation from 2048 x 2048 to
# the network's size, and the polygons are drawn where it moves them. The stock transforms work on
# packed labels too, with LoadPolygonAnnotations before them, cat_max_ratio=1.0 and seg_pad_val=0.
# Up to 20 degrees and a quarter of the size: wide enough for how hands are placed and how large
# they are, while the picture still shows all bones.
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
    # Truth stays at the size of the file, where predictions are scored.
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]
# What `handbone test --tta` averages over, made on the device one after the other. Others:
# dict(angle=-8), dict(angle=90), dict(scale=1.25), dict(flip='horizontal', angle=5, scale=0.8).
tta_views = [dict(), dict(flip='horizontal')]

train_dataloader = dict(
    batch_size=2,  # on each GPU
    num_workers=2,  # more where load/gpu in the log falls and load/cpu has room
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
    batch_size=1,  # images of all sizes
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
# Scored where test/outputs_json exists, predicted only where it does not.
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
