# Early layers of a pretrained backbone learn slower: 10 % less per block.
_base_ = ['../upernet_swin-t_1536.py']
optim_wrapper = dict(
    constructor='LayerDecayOptimWrapperConstructor', paramwise_cfg=dict(layer_decay=0.9)
)
