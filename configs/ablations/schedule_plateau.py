# Half the rate whenever two validations in a row bring no better mean Dice; one in 200 iterations.
_base_ = ['../demo.py']
param_scheduler = [
    dict(type='LinearLR', start_factor=0.1, begin=0, end=150, by_epoch=False),
    dict(type='ReduceOnPlateauLR', monitor='mDice', rule='greater', factor=0.5, patience=1),
]
train_cfg = dict(val_interval=200)
