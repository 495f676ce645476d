"""What every run shares: logging, checkpoints, hooks and the visualizer."""

default_scope = 'mmseg'
custom_imports = dict(imports=['handbone'], allow_failed_imports=False)
env_cfg = dict(
    cudnn_benchmark=True,
    mp_cfg=dict(mp_start_method='fork', opencv_num_threads=0),
    # half an hour, because processes wait while the main one writes or verifies a large checkpoint
    dist_cfg=dict(backend='nccl', timeout=1800),
)
default_hooks = dict(
    timer=dict(type='IterTimerHook'),
    # load of processor, memory and GPU, logged beside the losses
    system_load=dict(type='SystemLoadHook', interval=50),
    logger=dict(type='LoggerHook', interval=50, log_metric_by_epoch=False),
    param_scheduler=dict(type='ParamSchedulerHook'),
    # every 2000 iterations, as often as the 40k schedule validates; a crash loses at most that much
    checkpoint=dict(
        type='DurableCheckpointHook',
        by_epoch=False,
        interval=2000,
        save_best='mDice',
        max_keep_ckpts=2,
    ),
    sampler_seed=dict(type='DistSamplerSeedHook'),
    visualization=dict(type='MultilabelVisualizationHook'),
    # Initial predictions match the frequency of each class instead of being one half.
    output_bias=dict(type='OutputBiasHook'),
    # A checkpoint of different classes or of a different model is refused, not partly loaded.
    checkpoint_compatibility=dict(type='CheckpointCompatibilityHook'),
    # Model and dataset must have the same number of classes.
    class_count=dict(type='ClassCountHook'),
    # The model must be able to process the batches of the dataset.
    model_input=dict(type='ModelInputHook'),
    # Mosaics must not lose which classes are unknown in an image.
    mosaic=dict(type='MosaicHook'),
    # A loss that is NaN or infinite stops the run; action='skip' leaves such batches out.
    invalid_loss=dict(type='InvalidLossHook', action='stop'),
)
custom_hooks = []  # for your own hooks
vis_backends = [dict(type='LocalVisBackend')]
visualizer = dict(type='MultilabelLocalVisualizer', vis_backends=vis_backends, name='visualizer')
log_processor = dict(by_epoch=False)
log_level = 'INFO'
load_from = None
resume = False
# True ignores the pretrained weights that the model names, as `handbone train --from-scratch` does.
from_scratch = False
# every run sees the same data in the same order; other seeds show the variation by chance
randomness = dict(seed=0)
