"""What is checked, in order of worth."""

from .check import Check

#: Shipped configs whose training step is measured at the size in their name.
FLAGSHIPS = (
    *('segformer_mit-b0_1536', 'segformer_mit-b3_1536', 'upernet_swin-t_1536'),
    *('upernet_swin_1536', 'upernet_convnext-b_1536', 'unetplusplus_resnet50_1024'),
)
TABLES = ('--markdown', '{out}/performance.md')


def checks_on_gpu() -> list[Check]:
    """List the checks for a GPU.

    Returns:
        The most telling first.
    """
    return [
        Check(
            'fused losses equal their definitions',
            ('-m', 'pytest', '-q', 'tests/models/test_models_triton_loss.py'),
            120,
        ),
        _row('fused losses at 1536', 'loss', 90),
        _row('SegFormer step against mmseg', 'train_step.segformer_1536_train', 60),
        _row('UPerNet Swin-B step against mmseg', 'train_step.upernet-b_1536_train', 90),
        *_whole_commands(150),
        *(_step(name, int(name.rsplit('_', 1)[1]), 'cuda', 'bfloat16', 40) for name in FLAGSHIPS),
        _row('SegFormer prediction against mmseg', 'train_step.segformer_1536_predict', 60),
        _row('UPerNet prediction against mmseg', 'train_step.upernet_1536_predict', 60),
    ]


def checks_on_cpu() -> list[Check]:
    """List the same checks at sizes that a CPU manages, to try the script without a GPU.

    Returns:
        The checks in the order of those for a GPU; fused losses run on GPUs only.
    """
    return [
        _row('losses at 512', 'loss.512', 300),
        _row('SegFormer step against mmseg', 'train_step.segformer_512_train', 300),
        *_whole_commands(400),
        *(_step(name, 64, 'cpu', 'float32', 300) for name in FLAGSHIPS[:1]),
        _row('SegFormer prediction against mmseg', 'train_step.segformer_512_predict', 300),
    ]


def _row(name: str, row: str, limit: float) -> Check:
    return Check(name, ('-m', 'benchmarks', row, '--repetitions', '2', *TABLES), limit)


def _step(config: str, size: int, device: str, precision: str, limit: float) -> Check:
    command = ('-m', 'benchmarks.studies.model_cost', config, '--size', str(size))
    return Check(
        f'step of {config}', (*command, '--device', device, '--precision', precision), limit
    )


def _whole_commands(limit: float) -> list[Check]:
    module = ('-m', 'benchmarks.gpu_check.whole_commands')
    names = {
        'resume': 'a resumed training equals an uninterrupted one',
        'predict': 'predictions equal those of the CPU',
        'distributed': 'training by torchrun on one device',
        'export': 'the exported file equals the model',
    }
    return [Check(words, (*module, name, '{out}'), limit) for name, words in names.items()]
