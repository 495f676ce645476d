# Each step uses the gradients of two batches of 1: a batch of 2 in the memory of 1. Iterations
# count batches, so there are twice as many.
_base_ = ['../upernet_swin-t_1536.py']
train_dataloader = dict(batch_size=1)
optim_wrapper = dict(accumulative_counts=2)
train_cfg = dict(max_iters=80000, val_interval=4000)
_base_.param_scheduler[0].end = 3000
_base_.param_scheduler[1].update(begin=3000, end=80000)
