# Rotated by up to 40 degrees instead of 12, because a bent wrist rotates forearm against hand.
_base_ = ['folded_unet_384.py']
_base_.train_dataloader.dataset.pipeline[1].degrees = 40
