# The second network of the starter weights; docs/starter.md has the commands.
_base_ = ['../cascade/hand_network.py']
data_root = 'data/starter'
max_iters = 5600
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
_base_.model.data_preprocessor.stages = [(0.5, 2)]
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(num_workers=1, dataset=dict(data_root=data_root, num_folds=20))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=20))
test_dataloader = dict(dataset=dict(data_root=data_root))
