# Weights & Biases, offline: wandb sync work_dirs/wandb/wandb/offline-run-* sends it later.
_base_ = ['../demo.py']
_base_.visualizer.vis_backends.append(
    dict(type='ResumableWandbVisBackend', init_kwargs=dict(project='hands', mode='offline'))
)
default_hooks = dict(tracking=dict(type='TrackingHook'))
