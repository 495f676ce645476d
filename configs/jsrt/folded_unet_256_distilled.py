# folded_unet_256 that also learns the probabilities of an ensemble of `handbone find-best`.
_base_ = ['folded_unet_256.py']
model = dict(
    type='DistilledEncoderDecoder',
    teachers='work_dirs/best/ensemble.json',
    soft_weight=5.0,  # times the number of classes, like the cross-entropy of the labels
)
