# Your own labelled hands, from the starter weights: the network that labels learns from them, the
# locator stays as it is.
#   handbone train configs/starter/own_hands.py
#   handbone join configs/starter/hand.py starter work_dirs/own_hands --out own_hands.pth
_base_ = ['hand_network.py']
load_from = 'starter'
data_root = 'data'
max_iters = 300
# a few images are soon known by heart, so a short training at half of the rate
_base_.optim_wrapper.optimizer.lr = 3e-3
_base_.param_scheduler[0].end = 30
_base_.param_scheduler[1].update(T_max=max_iters - 30, begin=30, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(dataset=dict(data_root=data_root, num_folds=5))
val_dataloader = dict(dataset=dict(data_root=data_root, num_folds=5))
test_dataloader = dict(dataset=dict(data_root=data_root))
