# Warm-up, then polynomial decay with power 0.9, as in most segmentation papers.
_base_ = ['../demo.py']
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=150, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=150, end=2000, by_epoch=False),
]
