# 29 bones from two sets of phantoms: one knows the fingers, the other the carpals and the forearm.
# Both are made of the same folder here: each takes half of the patients and skips the labels that
# it is not to know. Real sets have a data_root each, and need no skip_labels.
_base_ = ['../demo.py']
max_iters = 260
_base_.model.data_preprocessor.update(stages=[(0.6, 2)], size_divisor=128)
_base_.param_scheduler[0].end = 40
_base_.param_scheduler[1].update(T_max=160, begin=40, end=200)
_base_.param_scheduler[2].update(T_max=60, begin=200, end=max_iters)
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
crop_size = (256, 256)
_base_.train_dataloader.dataset.pipeline[1].size = crop_size
_base_.val_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_dataloader.dataset.pipeline[1].scale = crop_size
_base_.test_pipeline[1].scale = crop_size

fingers = [f'finger-{number}' for number in range(1, 20)]
wrists = ['Trapezium', 'Trapezoid', 'Capitate', 'Hamate', 'Scaphoid', 'Lunate', 'Triquetrum']
wrists += ['Pisiform', 'Radius', 'Ulna']
metainfo = dict(classes=(*fingers, *wrists))  # the model's, for every set
part = dict(
    type='XRayHandBoneDataset',
    metainfo=metainfo,
    data_root='data/phantom',
    fold=0,
    num_folds=2,
    pipeline=_base_.train_dataloader.dataset.pipeline,
)
train_dataloader = dict(
    dataset=dict(
        _delete_=True,
        type='ConcatDataset',
        datasets=[
            dict(part, split='train', annotated_classes=fingers, skip_labels=wrists),
            dict(part, split='val', annotated_classes=wrists, skip_labels=fingers),
        ],
    )
)
# Nothing of the folder is held out from training, so the test images, which know all bones, are
# the ones to look at while training.
val_dataloader = dict(
    dataset=dict(
        fold=None,
        data_prefix=dict(img_path='test/DCM', ann_path='test/outputs_json'),
        metainfo=metainfo,
    )
)
test_dataloader = dict(dataset=dict(metainfo=metainfo))
