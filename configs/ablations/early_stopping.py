# Stop when mean Dice improves by less than 0.001 in five validations in a row.
_base_ = ['../upernet_swin-t_1536.py']
default_hooks = dict(
    early_stopping=dict(
        type='ResumableEarlyStoppingHook', monitor='mDice', min_delta=0.001, patience=5
    )
)
