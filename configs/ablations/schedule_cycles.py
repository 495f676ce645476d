# Three cycles of warm-up and decay, each with two thirds of the last one's peak.
_base_ = ['../demo.py']
decay = dict(periods=[667, 667, 666], restart_weights=[1.0, 0.67, 0.44], eta_min=0.0)
warm_up = dict(type='LinearLR', start_factor=0.1, by_epoch=False)
param_scheduler = [
    dict(type='CosineRestartLR', by_epoch=False, **decay),
    *[dict(warm_up, begin=start, end=start + 70) for start in (0, 667, 1334)],
]
