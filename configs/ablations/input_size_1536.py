# Input size 1536, three quarters of the files' size, with batches of 2 instead of 4.
_base_ = ['../segformer_mit-b0_1024.py']
crop_size = (1536, 1536)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size
train_dataloader = dict(batch_size=2)
