# RAM-W600 (arXiv 2507.05193): wrists with 14 overlapping bones, an array (14, H, W) per image.
# `handbone download ram-w600 data/RAM-W600` fetches it. Its own split into train, val and test.
_base_ = ['any_format.py']
dataset_type = 'FormatDataset'
data_root = 'data/RAM-W600'
metainfo = dict(
    # in the order of the channels; the files have no names
    classes=(
        *('Capitate', 'DistalRadius', 'DistalUlna', 'Hamate', 'Lunate', 'Triquetrum_Pisiform'),
        *('Scaphoid', 'Trapezium', 'Trapezoid', 'MC1', 'MC2', 'MC3', 'MC4', 'MC5'),
    ),
    groups=dict(
        carpals=(
            *('Capitate', 'Hamate', 'Lunate', 'Triquetrum_Pisiform', 'Scaphoid'),
            *('Trapezium', 'Trapezoid'),
        ),
        forearm=('DistalRadius', 'DistalUlna'),
        metacarpals=('MC1', 'MC2', 'MC3', 'MC4', 'MC5'),
    ),
)
settings = dict(type=dataset_type, format='arrays', data_root=data_root, metainfo=metainfo)
images = 'BoneSegmentation/images'
masks = 'BoneSegmentation/masks'
crop_size = (1536, 1536)

train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='RandomAffine', size=crop_size, degrees=20, scale=(0.8, 1.25), translate=0.05),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomFlip', prob=0.5),  # the bones of right and left wrists have the same classes
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
tta_views = [dict(), dict(flip='horizontal')]

train_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path=images, ann_path=f'{masks}/train'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path=images, ann_path=f'{masks}/val'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path=images, ann_path=f'{masks}/test'),
        pipeline=test_pipeline,
    ),
)
