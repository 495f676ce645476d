"""Reading configs: classes, datasets, pipelines, dumped text, shipped configs."""
