# The same with images that nobody has labelled: half of what is shown are pseudo-labels.
#   handbone pseudo-label data/few/test/DCM --training configs/pseudo_labels/real.py \
#       --out-dir work_dirs/pseudo
_base_ = ['real.py']
labels = 'work_dirs/pseudo'
real = _base_.train_dataloader.dataset
pseudo = dict(
    type='XRayHandBoneDataset',
    data_prefix=dict(img_path='data/few/test/DCM', ann_path=f'{labels}/outputs_json'),
    ann_file=f'{labels}/images.txt',  # without the images of which nothing was sure
    pipeline=_base_.train_dataloader.dataset.pipeline,
)
train_dataloader = dict(
    # Half, however many images each has: labels of people are not drowned by those of a model.
    sampler=dict(_delete_=True, type='MixedSampler', shares=(1, 1)),
    dataset=dict(_delete_=True, type='ConcatDataset', datasets=[real, pseudo]),
)
