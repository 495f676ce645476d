# Phantoms with the bent-wrist shift, 12 % of the training images and 60 % of the test images, in a
# third of the demo's iterations: the configs of this folder take the same time on two CPU cores.
_base_ = ['../demo.py']
max_iters = 700
full_size_from = 540
_base_.model.data_preprocessor.stages = [(160 / max_iters, 3), (380 / max_iters, 2)]
_base_.param_scheduler[0].end = 60
_base_.param_scheduler[1].update(T_max=full_size_from - 60, begin=60, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)

data_root = 'data/phantom_shift'
train_dataloader = dict(dataset=dict(data_root=data_root))
val_dataloader = dict(dataset=dict(data_root=data_root))
test_dataloader = dict(dataset=dict(data_root=data_root))
