# Training a small network from scratch: one cycle of the learning rate (Smith and Topin, 2018).
max_iters = 600
optim_wrapper = dict(
    type='OptimWrapper',
    # OneCycleLR sets the rate; lr is required but has no effect
    optimizer=dict(type='AdamW', lr=2e-3, weight_decay=0.01),
    clip_grad=dict(max_norm=1.0),
)
param_scheduler = dict(
    type='OneCycleLR',
    eta_max=2e-3,
    total_steps=max_iters,
    pct_start=0.15,  # warm-up: the first 90 iterations
    div_factor=10.0,  # starts at a tenth of the peak
    final_div_factor=1000.0,  # ends at a ten-thousandth of it
    by_epoch=False,
)
train_cfg = dict(type='IterBasedTrainLoop', max_iters=max_iters, val_interval=max_iters)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
