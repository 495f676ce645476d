# The network of wrist_and_fingertips.py that sees one fingertip after the other.
_base_ = ['wrist_network.py']
regions = _base_.fingertip_regions
crop_size = regions[0].size
_base_.train_dataloader.dataset.pipeline[1].region = regions
_base_.val_dataloader.dataset.pipeline[1].region = regions
_base_.test_dataloader.dataset.pipeline[1].region = regions
_base_.test_pipeline[1].region = regions
train_dataloader = dict(batch_size=16)
