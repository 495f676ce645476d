"""Makes what takes hours on a page take a second: commands and settings stay as the page has them.

``small_amounts()`` does it in this process. ``python small_amounts.py PROGRAM ...`` runs a program
that way, for the processes that commands start.
"""

import contextlib
import runpy
import sys
from pathlib import Path
from unittest.mock import patch

ITERATIONS, BATCH, TRIALS = 2, 2, 2
TRAINING_IMAGES, TEST_IMAGES, SIDE = 20, 2, 256  # twenty are of ten patients, for ten folds
SECTIONS, SECTION_SIDE = 5, 1100  # one of each organ, as large as a tile


@contextlib.contextmanager
def small_amounts():
    """Trainings are two iterations of two images, datasets small, two GPUs there, servers end."""
    import torch.utils.data
    from mmengine.hooks import CheckpointHook
    from mmengine.runner import IterBasedTrainLoop
    from torch.nn.modules.batchnorm import _BatchNorm

    import handbone.phantom
    import handbone.phantom.tissue.dataset as tissue
    from handbone.machine import graphics_cards

    begin_loop, begin_loader = IterBasedTrainLoop.__init__, torch.utils.data.DataLoader.__init__
    begin_checkpoints, begin_norm = CheckpointHook.__init__, _BatchNorm.__init__
    write_phantoms, write_sections = handbone.phantom.write_dataset, tissue.write_sections

    def loop(self, runner, dataloader, max_iters, *rest, **more):
        begin_loop(self, runner, dataloader, min(max_iters, ITERATIONS), *rest, **more)

    def loader(self, *rest, **more):
        more['batch_size'] = min(more.get('batch_size', 1), BATCH)
        more |= dict(num_workers=0, persistent_workers=False, prefetch_factor=None)
        begin_loader(self, *rest, **more)

    def checkpoints(self, interval=1, *rest, **more):
        begin_checkpoints(self, min(interval, 1), *rest, **more)

    def norm(self, *rest, **more):
        # the statistics of the last batch: those of two batches would make masks of noise, and
        # every step after the network slow
        begin_norm(self, *rest, **more | dict(momentum=1.0))

    def phantoms(root, train, test, *rest, **more):
        numbers = (TRAINING_IMAGES if train else 0, TEST_IMAGES if test else 0)
        return write_phantoms(root, *numbers, *rest, **more | dict(size=SIDE, workers=1))

    def sections(root, train, test, seed=0, size=SECTION_SIDE, **more):
        return write_sections(
            root, min(train, SECTIONS), min(test, SECTIONS), seed, min(size, SECTION_SIDE), **more
        )

    with (
        patch.object(IterBasedTrainLoop, '__init__', loop),
        patch.object(torch.utils.data.DataLoader, '__init__', loader),
        patch.object(_BatchNorm, '__init__', norm),
        patch.object(CheckpointHook, '__init__', checkpoints),
        patch.object(handbone.phantom, 'write_dataset', phantoms),
        patch.object(tissue, 'write_sections', sections),
        patch.object(graphics_cards, 'trainable_cards', lambda: ['0', '1']),
        few_trials(),
        no_servers(),
        no_cluster(),
    ):
        yield


@contextlib.contextmanager
def few_trials():
    """A search ends after two trials."""
    try:
        from handbone.apis.searching import Search
    except ImportError:  # the extra is not installed
        yield
        return
    search = Search.run

    def run(self, trials=TRIALS, *rest, **more):
        return search(self, min(trials, TRIALS), *rest, **more)

    with patch.object(Search, 'run', run):
        yield


@contextlib.contextmanager
def no_servers():
    """The viewer opens its data and its port, and ends."""
    try:
        from handbone.viewer.server import ViewerServer
    except ImportError:  # the extra is not installed
        yield
        return
    with patch.object(ViewerServer, 'run', lambda self: self.listening.close()):
        yield


@contextlib.contextmanager
def no_cluster():
    """An archive is predicted in the process of its command; ``tests/archive`` starts Ray."""
    try:
        import inline_ray

        from handbone.archive import prediction
    except ImportError:  # the extra is not installed
        yield
        return
    with contextlib.ExitStack() as replaced:
        for replacement in inline_ray.REPLACEMENTS:
            replaced.enter_context(patch.object(prediction, replacement.__name__, replacement))
        yield


def main():
    """Run ``[-u] (FILE | -m MODULE) ...`` as Python does."""
    words = [word for word in sys.argv[1:] if word != '-u']
    with small_amounts():
        if words[0] == '-m':
            sys.argv = words[1:]
            runpy.run_module(words[1], run_name='__main__', alter_sys=True)
        else:
            sys.argv = words
            sys.path[0] = str(Path(words[0]).resolve().parent)
            runpy.run_path(words[0], run_name='__main__')


if __name__ == '__main__':
    main()
