"""What every run shares: logging, checkpoints, hooks and the visualizer."""

default_scope = 'mmseg'
custom_imports = dict(imports=['handbone'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # half an hour: the others wait while the main process writes or verifies a large checkpoint
    dist_cfg=dict(backend='nccl', timeout=1800),
)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    # beside the losses: how busy processor, memory and GPU are
    system_load=dict(type='SystemLoadHook', interval=50),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # every 2000 iterations, as often as the 40k schedule validates: at most that much is lost
    checkpoint=dict(
        type='DurableCheckpointHook',
        by_epoch=False,
        interval=2000,
        save_best='mDice',
        max_keep_ckpts=2,
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='MultilabelVisualizationHook'),
    # Every class starts at its own frequency instead of at one half.
    output_bias=dict(type='OutputBiasHook'),
    # A checkpoint of other classes or of a different model is refused, not half loaded.
    checkpoint_compatibility=dict(type='CheckpointCompatibilityHook'),
    # Model and dataset must have the same number of classes.
    class_count=dict(type='ClassCountHook'),
    # The model must be able to take the batches that the dataset gives.
    model_input=dict(type='ModelInputHook'),
    # A loss that is NaN stops the run; action='skip' leaves such batches out.
    invalid_loss=dict(type='InvalidLossHook', action='stop'),
)
custom_hooks = []  # for hooks of your own
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='MultilabelLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
# True: ignore the pretrained weights that the model names (also: `handbone train --from-scratch`).
from_scratch = False
# the same data in the same order in every run; another seed shows how much is chance
randomness = dict(seed=0)
