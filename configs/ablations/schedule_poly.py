# Warm-up, then polynomial decay; power 0.9 is what most segmentation papers take.
_base_ = ['../demo.py']
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=150, by_epoch=False),
    dict(type='PolyLR', power=0.9, eta_min=0.0, begin=150, end=2000, by_epoch=False),
]
