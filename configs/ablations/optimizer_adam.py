# Adam: weight decay is part of the gradient and scaled with it, so it must be small.
_base_ = ['../demo.py']
_base_.optim_wrapper.optimizer = dict(type='Adam', lr=5e-3, weight_decay=1e-5)
