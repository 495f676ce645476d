# bfloat16 where it is faster, float32 elsewhere; the log says which and why.
_base_ = ['../segformer_mit-b0_1024.py']
precision = 'auto'
