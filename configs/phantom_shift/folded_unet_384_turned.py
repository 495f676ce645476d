# Turned up to 40 degrees instead of 12: a bent wrist turns the forearm against the hand.
_base_ = ['folded_unet_384.py']
_base_.train_dataloader.dataset.pipeline[1].degrees = 40
