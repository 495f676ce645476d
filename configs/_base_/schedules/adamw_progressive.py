# From scratch in minutes: most iterations run on shrunk batches, the last ones at full resolution.
max_iters = 2000
full_size_from = 1550
# share of the iterations, factor: 450 at a third of the side, 1100 at half, the rest at full size;
# for ProgressiveDataPreProcessor
stages = [(450 / max_iters, 3), (1100 / max_iters, 2)]

optim_wrapper = dict(
    type='OptimWrapper',
    # Small batch-normalised networks bear a rate ten times the usual one, if the weights are
    # held back as well; a short memory of squared gradients suits a short training.
    optimizer=dict(type='AdamW', lr=2.4e-2, betas=(0.9, 0.99), weight_decay=0.15, fused=True),
    clip_grad=dict(max_norm=1.0),
)
# One cycle, but with a quarter of the peak left when the full size begins.
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=150, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        T_max=full_size_from - 150,
        eta_min_ratio=0.25,
        begin=150,
        end=full_size_from,
        by_epoch=False,
    ),
    dict(
        type='CosineAnnealingLR',
        T_max=max_iters - full_size_from,
        eta_min=0.0,
        begin=full_size_from,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
