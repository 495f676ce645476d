"""Two processes, one of which has unknown bits, get the gradients of one with all images."""

import pytest
import torch
from loss_definitions import CASES, assert_same, make_logits, make_target, make_unknown, ours

pytestmark = pytest.mark.slow

IMAGES, NUM_CLASSES, SIZE = 4, 5, (13, 18)


def batch():
    packed, _, _ = make_target(IMAGES, NUM_CLASSES, *SIZE)
    unknown, _ = make_unknown(IMAGES, NUM_CLASSES, *SIZE)
    unknown[IMAGES // 2 :] = 0  # the second process has none
    return make_logits(IMAGES, NUM_CLASSES, 4, 6), packed, unknown


def gradients(images, joined):
    logits, packed, unknown = batch()
    labels = torch.cat([packed, unknown], dim=1) if joined else packed
    return [
        ours([loss(**settings)], logits[images], labels[images])[1] for loss, _, settings in CASES
    ]


def run_process(rank, folder):
    torch.set_num_threads(1)  # the threads of the process that was forked are not here
    torch.distributed.init_process_group(
        'gloo', init_method=f'file://{folder}/rendezvous', rank=rank, world_size=2
    )
    half = slice(0, IMAGES // 2) if rank == 0 else slice(IMAGES // 2, None)
    torch.save(gradients(half, joined=rank == 0), folder / f'{rank}.pt')
    torch.distributed.barrier()
    torch.distributed.destroy_process_group()


def test_gradients_of_two_processes(tmp_path):
    torch.multiprocessing.start_processes(run_process, (tmp_path,), nprocs=2, start_method='fork')
    expected = gradients(slice(None), joined=True)
    halves = [torch.load(tmp_path / f'{rank}.pt', weights_only=True) for rank in (0, 1)]
    found = [torch.cat(pair) / 2 for pair in zip(*halves, strict=True)]  # as DDP averages them
    assert_same(found, expected)
