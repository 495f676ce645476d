# Photographs of trash with one class per pixel: COCO JSON and images of 512 x 512, ten classes and
# background, as in the Korean recycling challenge. What no annotation covers is background, which
# is no class of the list.
_base_ = ['any_format.py']
dataset_type = 'FormatDataset'
data_root = 'data/trash'
metainfo = dict(
    classes=(
        *('General trash', 'Paper', 'Paper pack', 'Metal', 'Glass', 'Plastic', 'Styrofoam'),
        *('Plastic bag', 'Battery', 'Clothing'),
    ),
)
settings = dict(
    type=dataset_type,
    format='coco',
    data_root=data_root,
    metainfo=metainfo,
    skip_labels=('Background', 'Backgroud', 'UNKNOWN'),  # where the file has them
    # one class per pixel: what lies on something larger stays whole
    reader_options=dict(overlaps='smaller'),
)
crop_size = (512, 512)

train_pipeline = [
    dict(type='LoadRadiograph', color_type='color'),
    dict(type='RandomAffine', size=crop_size, degrees=15, scale=(0.6, 1.6), translate=0.1),
    dict(type='LoadPolygonAnnotations', frame='image'),
    dict(type='RandomFlip', prob=0.5),
    dict(type='PhotoMetricDistortion'),
    dict(type='PackMultilabelInputs'),
]
test_pipeline = [
    dict(type='LoadRadiograph', color_type='color'),
    dict(type='Resize', scale=crop_size, keep_ratio=True, interpolation='area'),
    # Reference masks keep the size of the file, at which predictions are scored.
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]
tta_views = [dict(), dict(flip='horizontal')]

train_dataloader = dict(
    batch_size=8,
    dataset=dict(
        **settings,
        data_prefix=dict(img_path='', ann_path='train.json'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        **settings, data_prefix=dict(img_path='', ann_path='val.json'), pipeline=test_pipeline
    ),
)
test_dataloader = val_dataloader  # labels of the challenge's test images are not public

val_evaluator = dict(type='ExclusiveIoUMetric')
test_evaluator = val_evaluator
