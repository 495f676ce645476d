# Lion: a rate 3 to 10 times smaller than AdamW's, a weight decay larger by the same factor.
_base_ = ['../demo.py']
_base_.optim_wrapper.optimizer = dict(type='Lion', lr=3e-3, betas=(0.9, 0.99), weight_decay=1.0)
