# AdamW with settings that suit most networks; the demo itself uses five times the rate.
_base_ = ['../demo.py']
_base_.optim_wrapper.optimizer = dict(type='AdamW', lr=5e-3, weight_decay=0.01)
