# folded_unet_384 for about as long as all networks of wrist_and_fingertips.py.
_base_ = ['folded_unet_384.py']
max_iters = 5300
full_size_from = 4340
_base_.model.data_preprocessor.stages = [(1160 / max_iters, 3), (3180 / max_iters, 2)]
_base_.param_scheduler[1].update(T_max=full_size_from - 150, end=full_size_from)
_base_.param_scheduler[2].update(
    T_max=max_iters - full_size_from, begin=full_size_from, end=max_iters
)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
