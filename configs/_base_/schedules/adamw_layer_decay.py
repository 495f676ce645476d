# Fine-tuning a small pretrained network in minutes: its first layers learn slowest.
max_iters = 2000
full_size_from = 1200
# share of the iterations, factor: the first ones at half the side, for ProgressiveDataPreProcessor
stages = [(full_size_from / max_iters, 2)]

optim_wrapper = dict(
    type='OptimWrapper',
    # the rate of the new decoder
    optimizer=dict(type='AdamW', lr=3e-3, betas=(0.9, 0.99), weight_decay=0.05, fused=True),
    constructor='LayerDecayOptimWrapperConstructor',
    # a tenth less for each of about 20 blocks: the stem learns at a tenth of the rate
    paramwise_cfg=dict(layer_decay=0.9, norm_decay_mult=0.0),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=100, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        T_max=max_iters - 100,
        eta_min=0.0,
        begin=100,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
