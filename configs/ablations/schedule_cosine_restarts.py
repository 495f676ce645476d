# Cosine with warm restarts (Loshchilov and Hutter, 2017), each cycle twice as long as the last.
_base_ = ['../demo.py']
_base_.param_scheduler = dict(
    type='CosineRestartLR',
    periods=[280, 570, 1150],
    restart_weights=[1.0, 1.0, 1.0],
    **dict(eta_min_ratio=0.01, end=2000, by_epoch=False),
)
