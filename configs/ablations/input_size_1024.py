# Input size 1024: the unchanged config, named like those of the other sizes.
_base_ = ['../segformer_mit-b0_1024.py']
