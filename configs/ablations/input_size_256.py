# Input size 256. Fast, for trying things out: small carpal bones are a few pixels wide.
_base_ = ['../segformer_mit-b0_1024.py']
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=16)
