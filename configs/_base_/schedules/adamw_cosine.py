# Training a small network with BatchNorm from scratch for longer than minutes: one cosine.
max_iters = 6000
optim_wrapper = dict(
    type='OptimWrapper',
    # half the rate of adamw_progressive.py, and weight decay that acts over as large a part of
    # the training
    optimizer=dict(type='AdamW', lr=1.2e-2, betas=(0.9, 0.99), weight_decay=0.1, fused=True),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=200, by_epoch=False),
    dict(
        type='CosineAnnealingLR',
        T_max=max_iters - 200,
        eta_min=0.0,
        begin=200,
        end=max_iters,
        by_epoch=False,
    ),
]
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
