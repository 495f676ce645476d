# The 159 overlapping structures of the chest of PAX-Ray++ and CXAS (arXiv 2306.03934), in COCO JSON
# as the program cxas writes it. Fold 0 of 5 is held out for validation.
_base_ = ['any_format.py']
dataset_type = 'FormatDataset'
data_root = 'data/cxas'
vertebrae = tuple(
    f'vertebrae {part}{number}'
    for part, count in (('C', 7), ('T', 12), ('L', 5))
    for number in range(1, count + 1)
)
ordinals = ('11th', '10th', '9th', '8th', '7th', '6th', '5th', '4th', '3rd', '2nd', '1st')
ribs = tuple(
    f'{side} {ordinal} rib {hand}'
    for ordinal in ordinals
    for hand in ('right', 'left')
    for side in ('anterior', 'posterior')
)
whole_ribs = tuple(
    f'{side} {ordinal} rib' for ordinal in ordinals for side in ('posterior', 'anterior')
)
zones = ('upper zone lung', 'mid zone lung', 'lung base', 'apical zone lung')
metainfo = dict(
    classes=(
        *('spine', 'cervical spine', 'thoracic spine', 'lumbar spine', *vertebrae),
        *('rib_cartilage', 'sternum', 'clavicles', 'clavicle left', 'clavicle right'),
        *('scapulas', 'scapula left', 'scapula right'),
        *('posterior 12th rib right', 'posterior 12th rib left', *ribs, '12th rib', *whole_ribs),
        *('diaphragm', 'left hemidiaphragm', 'right hemidiaphragm'),
        *('stomach', 'small bowel', 'duodenum', 'liver', 'pancreas', 'kidney left', 'kidney right'),
        *('cardiomediastinum', 'upper mediastinum', 'lower mediastinum'),
        *('anterior mediastinum', 'middle mediastinum', 'posterior mediastinum'),
        *('heart', 'heart atrium left', 'heart atrium right', 'heart myocardium'),
        *('heart ventricle left', 'heart ventricle right'),
        *('aorta', 'ascending aorta', 'descending aorta', 'aortic arch'),
        *('pulmonary artery', 'inferior vena cava', 'esophagus'),
        *('lung', 'right lung', 'left lung'),
        *('lung base', 'mid zone lung', 'upper zone lung', 'apical zone lung'),
        *(f'{hand} {zone}' for hand in ('right', 'left') for zone in zones),
        *('lung lower lobe left', 'lung upper lobe left', 'lung lower lobe right'),
        *('lung middle lobe right', 'lung upper lobe right'),
        *('trachea', 'tracheal bifurcation', 'breast', 'breast left', 'breast right'),
    ),
)
settings = dict(
    type=dataset_type,
    format='coco',
    data_root=data_root,
    metainfo=metainfo,
    data_prefix=dict(img_path='images', ann_path='coco.json'),
    fold=0,
    num_folds=5,
)
crop_size = (512, 512)

train_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='RandomAffine', size=crop_size, degrees=10, scale=(0.85, 1.18), translate=0.05),
    dict(type='LoadPolygonAnnotations', frame='image'),
    # No flip: left and right are different classes.
    dict(type='RandomExposure'),
    dict(type='PackMultilabelInputs'),
]
test_pipeline = [
    dict(type='LoadRadiograph'),
    dict(type='Resize', scale=crop_size, keep_ratio=True, interpolation='area'),
    # Reference masks keep the size of the file, at which predictions are scored.
    dict(type='LoadPolygonAnnotations', frame='original'),
    dict(type='PackMultilabelInputs'),
]

train_dataloader = dict(
    batch_size=4,
    dataset=dict(**settings, split='train', pipeline=train_pipeline),
)
val_dataloader = dict(dataset=dict(**settings, split='val', pipeline=test_pipeline))
test_dataloader = val_dataloader
