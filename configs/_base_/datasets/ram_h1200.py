# RAM-H1200 (arXiv 2605.05616, CC BY 4.0): whole hands with 30 overlapping classes, in COCO JSON.
# `handbone download ram-h1200 data/RAM-H1200` fetches it. Its own split into train, val and test.
_base_ = ['any_format.py']
dataset_type = 'FormatDataset'
data_root = 'data/RAM-H1200'
metainfo = dict(
    classes=(
        *('Capitate', 'DP1', 'DP2', 'DP3', 'DP4', 'DP5', 'Hamate', 'Lunate'),
        *('MC1', 'MC2', 'MC3', 'MC4', 'MC5', 'MP2', 'MP3', 'MP4', 'MP5'),
        *('PP1', 'PP2', 'PP3', 'PP4', 'PP5', 'Pisiform_Triquetrum', 'Radius', 'Scaphoid'),
        *('Sesamoid', 'SoftTissue', 'Trapezium', 'Trapezoid', 'Ulna'),
    ),
    groups=dict(
        fingers=(
            *('DP1', 'DP2', 'DP3', 'DP4', 'DP5', 'MP2', 'MP3', 'MP4', 'MP5'),
            *('PP1', 'PP2', 'PP3', 'PP4', 'PP5', 'MC1', 'MC2', 'MC3', 'MC4', 'MC5'),
        ),
        carpals=(
            *('Capitate', 'Hamate', 'Lunate', 'Pisiform_Triquetrum', 'Scaphoid'),
            *('Trapezium', 'Trapezoid'),
        ),
        forearm=('Radius', 'Ulna'),
    ),
)
labels = '_annotations_bone_rle.coco.json'
settings = dict(
    type=dataset_type,
    format='coco',
    data_root=data_root,
    metainfo=metainfo,
    rename=dict(Pisifrom_Triquetrum='Pisiform_Triquetrum'),  # spelt so in the files
    skip_labels=('Background', 'Ring', 'Metal Implant', 'Intravenous cannula'),
    patient_pattern=r'_(P[0-9]+)_',
    # one training image, JP_SCGH_P0029_20121201_5835_L.bmp, has no mask: reported and left out
    reader_options=dict(unlabelled='report'),
    bad_files='report',
)
crop_size = (1536, 1536)

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
tta_views = [dict(), dict(flip='horizontal')]

train_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path='Segmentation/train', ann_path=f'Segmentation/train/{labels}'),
        pipeline=train_pipeline,
    ),
)
val_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path='Segmentation/val', ann_path=f'Segmentation/val/{labels}'),
        pipeline=test_pipeline,
    ),
)
test_dataloader = dict(
    dataset=dict(
        **settings,
        data_prefix=dict(img_path='Segmentation/test', ann_path=f'Segmentation/test/{labels}'),
        pipeline=test_pipeline,
    ),
)

val_evaluator = [
    dict(type='DiceMetric'),
    # Dice and surface Dice within the overlap of 14 pairs of bones, as the benchmark has them
    dict(type='OverlapMetric', pairs='adjacent-bones'),
]
test_evaluator = val_evaluator
