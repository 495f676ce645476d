# Fine-tuning a pretrained transformer: AdamW, linear warm-up, polynomial decay.
optim_wrapper = dict(
    type='OptimWrapper',
    # the settings of the papers on SegFormer and Swin, which used batches of 16
    optimizer=dict(type='AdamW', lr=6e-5, betas=(0.9, 0.999), weight_decay=0.01),
    constructor='GroupedOptimWrapperConstructor',  # few groups, so many weights per kernel
    # no weight decay for norms and position biases; a new head learns ten times faster
    paramwise_cfg=dict(
        custom_keys={
            'absolute_pos_embed': dict(decay_mult=0.0),
            'relative_position_bias_table': dict(decay_mult=0.0),
            'norm': dict(decay_mult=0.0),
            'pos_block': dict(decay_mult=0.0),
            'head': dict(lr_mult=10.0),
        }
    ),
    # keeps a single unusual image from spoiling the weights
    clip_grad=dict(max_norm=1.0),
)
# 1500 iterations of warm-up: AdamW averages squared gradients over about 1000
param_scheduler = [
    dict(type='LinearLR', start_factor=1e-6, by_epoch=False, begin=0, end=1500),
    dict(type='PolyLR', eta_min=0.0, power=1.0, begin=1500, end=40000, by_epoch=False),
]
# with batches of 2, 40,000 iterations show each of 640 images 125 times
train_cfg = dict(type='IterBasedTrainLoop', max_iters=40000, val_interval=2000)
val_cfg = dict(type='ValLoop')
test_cfg = dict(type='TestLoop')
