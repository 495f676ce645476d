# How images of any dataset are sampled and scored. The parts that inherit from it, and the configs
# that `handbone plan` writes, add the datasets and their pipelines.
train_dataloader = dict(
    batch_size=2,  # per GPU
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='InfiniteSampler', shuffle=True),
)
val_dataloader = dict(
    batch_size=1,  # images may have different sizes
    num_workers=2,
    persistent_workers=True,
    sampler=dict(type='DefaultSampler', shuffle=False),
)
test_dataloader = val_dataloader

val_evaluator = dict(type='DiceMetric')
test_evaluator = val_evaluator
