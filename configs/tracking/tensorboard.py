# TensorBoard in work_dirs/tensorboard/tensorboard: tensorboard --logdir work_dirs
_base_ = ['../demo.py']
_base_.visualizer.vis_backends.append(dict(type='ResumableTensorboardVisBackend'))
default_hooks = dict(tracking=dict(type='TrackingHook'))
