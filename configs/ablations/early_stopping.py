# Stop when five validations in a row bring less than 0.001 of mean Dice.
_base_ = ['../upernet_swin-t_1536.py']
default_hooks = dict(
    early_stopping=dict(
        type='ResumableEarlyStoppingHook', monitor='mDice', min_delta=0.001, patience=5
    )
)
