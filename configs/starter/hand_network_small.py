# The second network of the starter weights at two thirds of the side, from scratch: what bones are
# is learnt in less than half of the time per image. hand_network.py goes on from it.
_base_ = ['hand_network.py']
load_from = None
crop_size = (256, 384)
_base_.train_dataloader.dataset.pipeline[1].region.size = crop_size
_base_.val_dataloader.dataset.pipeline[1].region.size = crop_size
_base_.test_dataloader.dataset.pipeline[1].region.size = crop_size
_base_.test_pipeline[1].region.size = crop_size
max_iters = 5600
_base_.optim_wrapper.optimizer.lr = 1.2e-2
_base_.param_scheduler[1].update(T_max=max_iters - 200, end=max_iters)
_base_.model.data_preprocessor.update(size_divisor=128, stages=[(0.5, 2)])
train_cfg = dict(max_iters=max_iters, val_interval=max_iters)
train_dataloader = dict(batch_size=8)
