crop_size = (
    384,
    384,
)
custom_hooks = [
    dict(type='OutputBiasHook'),
    dict(type='CheckpointCompatibilityHook'),
    dict(type='ClassCountHook'),
    dict(type='ModelInputHook'),
    dict(action='stop', type='InvalidLossHook'),
]
custom_imports = dict(
    allow_failed_imports=False,
    imports=[
        'handbone',
    ],
)
data_preprocessor = dict(
    mean=[
        127.5,
    ],
    pad_val=0,
    seg_pad_val=0,
    size_divisor=64,
    std=[
        64.0,
    ],
    test_cfg=dict(size_divisor=64),
    type='SegDataPreProcessor',
)
data_root = 'data/phantom'
dataset_type = 'XRayHandBoneDataset'
default_hooks = dict(
    checkpoint=dict(
        by_epoch=False,
        interval=3,
        max_keep_ckpts=2,
        save_best='mDice',
        type='DurableCheckpointHook',
    ),
    logger=dict(interval=1, log_metric_by_epoch=False, type='LoggerHook'),
    param_scheduler=dict(type='ParamSchedulerHook'),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    system_load=dict(interval=50, type='SystemLoadHook'),
    timer=dict(type='IterTimerHook'),
    visualization=dict(draw=False, type='MultilabelVisualizationHook'),
)
default_scope = 'mmseg'
env_cfg = dict(
    cudnn_benchmark=True,
    dist_cfg=dict(backend='nccl', timeout=1800),
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
)
from_scratch = False
full_size_from = 1550
launcher = 'none'
load_from = None
log_level = 'WARNING'
log_processor = dict(by_epoch=False)
max_iters = 2000
model = dict(
    backbone=dict(
        blocks=(
            1,
            1,
        ),
        channels=(
            8,
            8,
        ),
        fold=4,
        type='FoldedUNet',
    ),
    data_preprocessor=dict(
        mean=[
            127.5,
        ],
        pad_val=0,
        seg_pad_val=0,
        size_divisor=8,
        std=[
            64.0,
        ],
        test_cfg=dict(size_divisor=8),
        type='SegDataPreProcessor',
    ),
    decode_head=dict(
        in_channels=8,
        in_index=0,
        loss_decode=[
            dict(loss_weight=29.0, type='MultilabelBCELoss'),
            dict(loss_weight=1.0, type='MultilabelDiceLoss'),
        ],
        num_classes=3,
        type='MultilabelPixelShuffleHead',
        upscale=4,
    ),
    test_cfg=dict(mode='whole', threshold=0.4),
    train_cfg=dict(),
    type='MultilabelEncoderDecoder',
)
optim_wrapper = dict(
    clip_grad=dict(max_norm=1.0),
    optimizer=dict(
        betas=(
            0.9,
            0.99,
        ),
        fused=False,
        lr=0.024,
        type='AdamW',
        weight_decay=0.15,
    ),
    type='OptimWrapper',
)
param_scheduler = [
    dict(begin=0, by_epoch=False, end=6, start_factor=0.5, type='LinearLR'),
]
randomness = dict(seed=0)
resume = False
stages = [
    (
        0.225,
        3,
    ),
    (
        0.55,
        2,
    ),
]
test_cfg = dict(type='TestLoop')
test_dataloader = dict(
    batch_size=1,
    dataset=dict(
        data_prefix=dict(ann_path='test/outputs_json', img_path='test/DCM'),
        data_root='data',
        metainfo=dict(
            classes=(
                'disc',
                'bar',
                'corner',
            ),
            groups=dict(
                shapes=(
                    'disc',
                    'bar',
                    'corner',
                )
            ),
            palette=[
                [
                    255,
                    0,
                    0,
                ],
                [
                    0,
                    255,
                    0,
                ],
                [
                    0,
                    0,
                    255,
                ],
            ],
        ),
        pipeline=[
            dict(type='LoadRadiograph'),
            dict(
                interpolation='area',
                keep_ratio=True,
                scale=(
                    64,
                    64,
                ),
                type='Resize',
            ),
            dict(frame='original', type='LoadPolygonAnnotations'),
            dict(type='PackMultilabelInputs'),
        ],
        test_mode=True,
        type='XRayHandBoneDataset',
    ),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'),
)
test_evaluator = dict(type='DiceMetric')
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(
        interpolation='area',
        keep_ratio=True,
        scale=(
            1536,
            1536,
        ),
        type='Resize',
    ),
    dict(frame='original', type='LoadPolygonAnnotations'),
    dict(type='PackMultilabelInputs'),
]
train_cfg = dict(max_iters=6, type='IterBasedTrainLoop', val_interval=3)
train_dataloader = dict(
    batch_size=2,
    dataset=dict(
        bad_files='stop',
        data_root='data',
        fold=0,
        metainfo=dict(
            classes=(
                'disc',
                'bar',
                'corner',
            ),
            groups=dict(
                shapes=(
                    'disc',
                    'bar',
                    'corner',
                )
            ),
            palette=[
                [
                    255,
                    0,
                    0,
                ],
                [
                    0,
                    255,
                    0,
                ],
                [
                    0,
                    0,
                    255,
                ],
            ],
        ),
        num_folds=4,
        pipeline=[
            dict(cache_megabytes=500, type='LoadRadiograph'),
            dict(
                degrees=12,
                scale=(
                    0.9,
                    1.1,
                ),
                size=(
                    64,
                    64,
                ),
                translate=0.05,
                type='RandomAffine',
            ),
            dict(frame='image', type='LoadPolygonAnnotations'),
            dict(prob=0.5, type='RandomFlip'),
            dict(type='RandomExposure'),
            dict(type='PackMultilabelInputs'),
        ],
        split='train',
        type='XRayHandBoneDataset',
    ),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=True, type='InfiniteSampler'),
)
train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(
        degrees=20,
        scale=(
            0.8,
            1.25,
        ),
        size=(
            1536,
            1536,
        ),
        translate=0.05,
        type='RandomAffine',
    ),
    dict(frame='image', type='LoadPolygonAnnotations'),
    dict(prob=0.5, type='RandomFlip'),
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs'),
]
tta_views = [
    dict(),
    dict(flip='horizontal'),
]
val_cfg = dict(type='ValLoop')
val_dataloader = dict(
    batch_size=1,
    dataset=dict(
        data_root='data',
        fold=0,
        metainfo=dict(
            classes=(
                'disc',
                'bar',
                'corner',
            ),
            groups=dict(
                shapes=(
                    'disc',
                    'bar',
                    'corner',
                )
            ),
            palette=[
                [
                    255,
                    0,
                    0,
                ],
                [
                    0,
                    255,
                    0,
                ],
                [
                    0,
                    0,
                    255,
                ],
            ],
        ),
        num_folds=4,
        pipeline=[
            dict(type='LoadRadiograph'),
            dict(
                interpolation='area',
                keep_ratio=True,
                scale=(
                    64,
                    64,
                ),
                type='Resize',
            ),
            dict(frame='original', type='LoadPolygonAnnotations'),
            dict(type='PackMultilabelInputs'),
        ],
        split='val',
        type='XRayHandBoneDataset',
    ),
    num_workers=0,
    persistent_workers=False,
    sampler=dict(shuffle=False, type='DefaultSampler'),
)
val_evaluator = dict(type='DiceMetric')
vis_backends = [
    dict(type='LocalVisBackend'),
]
visualizer = dict(
    name='visualizer',
    type='MultilabelLocalVisualizer',
    vis_backends=[
        dict(type='LocalVisBackend'),
    ],
)
work_dir = 'work'
