# SGD with momentum: the least memory, but the most sensitive to the rate.
_base_ = ['../demo.py']
_base_.optim_wrapper.optimizer = dict(type='SGD', lr=0.5, momentum=0.9, weight_decay=1e-4)
