# Tissue sections of five organs, each with the functional units of its own organ annotated, in the
# layout of HuBMAP + HPA (Kaggle, 2022): train.csv, and train_images/ with a TIFF per section.
# `handbone make-sections data/tissue` writes synthetic ones.
_base_ = ['any_format.py']
data_root = 'data/tissue'
metainfo = dict(classes=('kidney', 'prostate', 'largeintestine', 'spleen', 'lung'))
settings = dict(data_root=data_root, metainfo=metainfo)
training_files = dict(img_path='train_images', ann_path='train.csv')
reduce = 4  # pixels of 0.4 micrometres in the files, 1.6 for the network
glass = 240  # grey value of what comes in at the corners of turned tiles

load_pipeline = [
    dict(type='LoadTile'),
    dict(type='RandomAffine', degrees=20, scale=(0.8, 1.25), pad_val=glass),
    dict(type='LoadPolygonAnnotations', frame='image'),
]
train_pipeline = [
    dict(type='TileMosaic', prob=0.3),
    dict(type='RandomFlip', prob=0.5, direction='horizontal'),
    dict(type='RandomFlip', prob=0.5, direction='vertical'),
    # stains differ between laboratories: mmseg's transform varies hue and saturation
    dict(
        type='PhotoMetricDistortion',
        brightness_delta=20,
        contrast_range=(0.8, 1.2),
        saturation_range=(0.6, 1.4),
        hue_delta=10,
    ),
    # blur and noise, of grey values (gamma, contrast) enough was done before
    dict(type='RandomExposure', gamma=(1, 1), contrast=(1, 1), brightness=(0, 0)),
    dict(type='PackMultilabelInputs'),
]
test_pipeline = [
    # the segmentor reads the section window by window, at this scale
    dict(type='LoadSection', reduce=reduce),
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]
tta_views = [dict(), dict(flip='horizontal'), dict(flip='vertical')]

tiles = dict(
    type='SectionTiles',
    **settings,
    data_prefix=training_files,
    tile_size=512,
    overlap=128,
    reduce=reduce,
    min_tissue=0.05,
    fold=0,
    split='train',
    pipeline=load_pipeline,
)
train_dataloader = dict(
    # mmseg's wrapper hands the mosaic its other tiles
    dataset=dict(type='MultiImageMixDataset', dataset=tiles, pipeline=train_pipeline),
)
val_dataloader = dict(
    batch_size=1,
    dataset=dict(
        type='SectionDataset',
        **settings,
        data_prefix=training_files,
        fold=0,
        split='val',
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        type='SectionDataset',
        **settings,
        data_prefix=dict(img_path='test_images', ann_path='test.csv'),
        pipeline=test_pipeline,
    ),
)
