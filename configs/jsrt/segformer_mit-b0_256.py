# Five overlapping structures in chest radiographs: only metainfo and sizes differ from the bones.
_base_ = [
    '../_base_/models/segformer_mit-b0.py',
    '../_base_/datasets/jsrt.py',
    '../_base_/schedules/adamw_one_cycle.py',
    '../_base_/default_runtime.py',
]
model = dict(decode_head=dict(num_classes=5))
