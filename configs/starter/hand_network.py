# The second network of the starter weights, from hand_network_small.py; docs/starter.md has the
# commands.
_base_ = ['../cascade/hand_network.py']
load_from = 'work_dirs/hand_network_small/iter_5600.pth'
data_root = 'data/starter'
max_iters = 3400
_base_.optim_wrapper.optimizer.lr = 6e-3  # half, as it does not begin from scratch
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
_base_.model.data_preprocessor.stages = []
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
# smaller batches: more steps in the same time
train_dataloader = dict(
    batch_size=4, num_workers=1, dataset=dict(data_root=data_root, num_folds=20)
)
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=20))
test_dataloader = dict(dataset=dict(data_root=data_root))
