# The cycle ends at a hundredth of the peak rate instead of 0: the last iterations still learn.
_base_ = ['../demo.py']
_base_.param_scheduler[2].update(eta_min=None, eta_min_ratio=0.01)
