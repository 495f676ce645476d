# Input size 1024: the config itself, under the name that stands beside the other sizes.
_base_ = ['../segformer_mit-b0_1024.py']
