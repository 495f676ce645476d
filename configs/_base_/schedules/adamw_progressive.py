# From scratch in minutes: most iterations use shrunk batches, the last ones full resolution.
max_iters = 2250
full_size_from = 1850
# share of the iterations, factor: 500 at a third of the side, 1350 at half, the rest at full size;
# for ProgressiveDataPreProcessor
stages = [(500 / max_iters, 3), (1350 / max_iters, 2)]

optim_wrapper = dict(
    type='OptimWrapper',
    # Small networks with BatchNorm tolerate ten times the usual rate, if weight decay is higher
    # too; averaging squared gradients over fewer steps suits a short training.
    optimizer=dict(type='AdamW', lr=2.4e-2, betas=(0.9, 0.99), weight_decay=0.15, fused=True),
    clip_grad=dict(max_norm=1.0),
)
# One cycle, but the rate is still a quarter of the peak when the full size begins.
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
