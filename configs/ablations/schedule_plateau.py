# Halve the rate if mean Dice does not improve in two validations, 200 iterations apart.
_base_ = ['../demo.py']
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=150, by_epoch=False),
    dict(type='ReduceOnPlateauLR', monitor='mDice', rule='greater', factor=0.5, patience=1),
]
train_cfg = dict(val_interval=200)
