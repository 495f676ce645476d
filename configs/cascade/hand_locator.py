# The first network of configs/cascade/hand.py: all bones in the whole image, at a low resolution.
_base_ = [
    '../_base_/models/hand_cascade.py',
    '../_base_/datasets/xray_hand_bone.py',
    '../_base_/schedules/adamw_cosine.py',
    '../_base_/default_runtime.py',
]
crop_size = (_base_.locator_size, _base_.locator_size)
# The phantoms of the preset wild already lie anywhere and at any angle. From images that all show
# an upright hand of one size: degrees=180, scale=(0.5, 1.25).
_base_.train_dataloader.dataset.pipeline[1].update(
    size=crop_size, degrees=45, scale=(0.8, 1.25), translate=0.1
)
_base_.train_dataloader.dataset.pipeline[-1].channels = 1
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.val_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[-1].channels = 1
_base_.test_pipeline[1].scale = crop_size
_base_.test_pipeline[-1].channels = 1
train_dataloader = dict(batch_size=8)
model = _base_.locator
