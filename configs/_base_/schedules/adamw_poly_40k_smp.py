# adamw_poly_40k for networks of segmentation_models.pytorch.
_base_ = ['adamw_poly_40k.py']
optim_wrapper = dict(
    # convolutions take a higher rate than attention; the decoder is untrained, like the head
    optimizer=dict(lr=1e-4),
    paramwise_cfg=dict(norm_decay_mult=0.0, custom_keys=dict(decoder=dict(lr_mult=10.0))),
)
