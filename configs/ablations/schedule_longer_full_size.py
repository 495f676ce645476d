# Half of the iterations at full size instead of a sixth, in as many iterations: slower, sharper.
_base_ = ['../demo.py']
full_size_from = 1150
_base_.model.data_preprocessor.stages = [(300 / 2250, 3), (850 / 2250, 2)]
_base_.param_scheduler[1].update(T_max=full_size_from - 150, end=full_size_from)
_base_.param_scheduler[2].update(T_max=2250 - full_size_from, begin=full_size_from)
