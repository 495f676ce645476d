# MLflow in work_dirs/mlflow.db, or on the server that MLFLOW_TRACKING_URI names.
_base_ = ['../demo.py']
_base_.visualizer.vis_backends.append(dict(type='BufferedMLflowVisBackend', exp_name='hands'))
default_hooks = dict(tracking=dict(type='TrackingHook'))
