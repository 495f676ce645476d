# The first network of configs/cascade/hand.py: all bones in the whole image, at a low resolution.
_base_ = [
    '../_base_/models/hand_cascade.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_cosine.py',
    '../_base_/default_runtime.py',
]
crop_size = (_base_.locator_size, _base_.locator_size)
# The cascade shows every image in four positions, so the locator learns hands that point up, by
# half a quarter turn and a little more. Small hands are the hardest to find, so more hands are
# shrunk than enlarged.
_base_.train_dataloader.dataset.pipeline[1].update(
    type='UprightAffine',
    region=_base_.hand_region,
    size=crop_size,
    degrees=50,
    scale=(0.65, 1.25),
    translate=0.1,
    aspect=(0.85, 1.18),
)
_base_.train_dataloader.dataset.pipeline[-1].channels = 1
_base_.val_dataloader.dataset.pipeline[1] = dict(
    type='UprightAffine', region=_base_.hand_region, size=crop_size, prob=0.0
)
_base_.val_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_pipeline[1].scale = crop_size
_base_.test_pipeline[-1].channels = 1
train_dataloader = dict(batch_size=8)
model = _base_.locator
