"""tools/export.py, and what its files predict, against PyTorch."""

import resource

import cv2
import numpy as np
import pytest
import torch
from tool_process import REPOSITORY

pytest.importorskip('onnx')
pytest.importorskip('onnxscript')
pytest.importorskip('onnxruntime')
pytest.importorskip('openvino')

from handbone.bones import CLASSES  # noqa: E402
from handbone.export import open_exported  # noqa: E402
from handbone.export.sessions import open_session  # noqa: E402
from handbone.masks import planes_last  # noqa: E402

pytestmark = pytest.mark.slow
# Share of pixels that rounding may turn: many, since the hardly trained logits lie close together.
DIFFERENT = 1e-3


@pytest.fixture(scope='module')
def exported(run_tool, run_export, tiny_config, checkpoint, tmp_path_factory):
    """The tiny model as ONNX and OpenVINO files, by suffix, written by the tool and the command."""
    folder = tmp_path_factory.mktemp('exported')
    model = (tiny_config, checkpoint, '--out')
    for out, _ in (
        run_tool('export.py', *model, folder / 'tiny.onnx'),
        run_export(*model, folder / 'tiny.xml'),
    ):
        assert '29 classes, fp32' in out
    assert sorted(path.name for path in folder.iterdir()) == ['tiny.bin', 'tiny.onnx', 'tiny.xml']
    return folder


@pytest.fixture(scope='module')
def pytorch(load_model, tiny_config, checkpoint):
    """Images, and the labels that PyTorch gives them."""
    model = load_model(tiny_config, checkpoint)
    samples = model.predict()
    images = [cv2.imread(sample.img_path, cv2.IMREAD_GRAYSCALE) for sample in samples]
    return images, [planes_last(sample.pred_sem_seg.data) for sample in samples]


@pytest.fixture(scope='module')
def wide(load_model, tiny_config, checkpoint, pytorch):
    """A wide image, which is padded below, and its labels."""
    model = load_model(tiny_config, checkpoint)
    step = next(each for each in model.dataset.pipeline.transforms if 'Resize' in repr(each))
    image = np.ascontiguousarray(pytorch[0][0][:190])
    results = step(dict(img=image, img_shape=image.shape, ori_shape=image.shape))
    results = model.dataset.pipeline.transforms[-1](results)
    batch = dict(inputs=[results['inputs']], data_samples=[results['data_samples']])
    with torch.no_grad():
        sample = model.network.test_step(batch)[0]
    return image, planes_last(sample.pred_sem_seg.data)


@pytest.mark.parametrize('suffix', ['onnx', 'xml'])
@pytest.mark.parametrize('packing', ['boxes', 'graph'])
def test_labels_are_those_of_pytorch(exported, pytorch, wide, suffix, packing):
    predictor = open_exported(exported / f'tiny.{suffix}', threads=1, packing=packing)
    images, expected = [*pytorch[0], wide[0]], [*pytorch[1], wide[1]]
    together = predictor.predict(images)
    assert [labels.shape for labels in together] == [image.shape for image in images]
    for labels, wanted in zip(together, expected, strict=True):
        assert labels.dtype == np.int32
        assert wanted.any()
        assert (labels != wanted).mean() < DIFFERENT
    alone = predictor.predict(images[-2:-1])[0]
    assert (alone != together[-2]).mean() < DIFFERENT


def test_files_describe_themselves(exported):
    described = [open_exported(exported / name, threads=1) for name in ('tiny.onnx', 'tiny.xml')]
    for predictor in described:
        assert predictor.classes == CLASSES
        assert predictor.thresholds == (0.02,) * 29
        assert len(predictor.palette) == 29 and len(predictor.model_hash) == 64
        assert predictor.window == 'file'


@pytest.mark.parametrize('name', ['tiny.onnx', 'tiny.xml'])
def test_thresholds_from_outside(exported, pytorch, name):
    image = pytorch[0][:1]
    high = open_exported(exported / name, thresholds=[0.9] * 29, threads=1).predict(image)[0]
    low = open_exported(exported / name, threads=1).predict(image)[0]
    assert ((high & ~low) == 0).all() and (high != low).any()
    hashes = {
        open_exported(exported / name, thresholds=thresholds, threads=1).model_hash
        for thresholds in (None, [0.02] * 29, [0.9] * 29, [0.8] * 29)
    }
    assert len(hashes) == 3
    with pytest.raises(ValueError, match=f'{name}.* lists 1 threshold for 29 classes'):
        open_exported(exported / name, thresholds=[0.9])
    with pytest.raises(ValueError, match='the thresholds in the graph are fixed'):
        open_exported(exported / name, thresholds=[0.9] * 29, packing='graph')


@pytest.mark.parametrize('name', ['tiny.onnx', 'tiny.xml'])
def test_bad_files_are_named(exported, tmp_path, name):
    with pytest.raises(ValueError, match=f'{name} was exported for a different class list'):
        open_exported(exported / name, classes=CLASSES[::-1])
    for path in exported.iterdir():
        content = path.read_bytes()
        keep = len(content) // 2 if path.suffix == (exported / name).suffix else len(content)
        (tmp_path / path.name).write_bytes(content[:keep])
    with pytest.raises(ValueError, match=f'{name} is cut off, damaged or no'):
        open_exported(tmp_path / name)
    (tmp_path / name).unlink()
    with pytest.raises(FileNotFoundError, match=name):
        open_exported(tmp_path / name)
    with pytest.raises(ValueError, match="no device 'toaster'"):
        open_exported(exported / name, device='toaster')


def test_a_gpu_whose_libraries_do_not_load(exported, monkeypatch):
    """ONNX Runtime takes the CPU and says so in its log alone."""
    import onnxruntime

    class Fallback(onnxruntime.InferenceSession):
        def __init__(self, content, options, providers):
            super().__init__(content, options, providers=['CPUExecutionProvider'])

    monkeypatch.setattr(onnxruntime, 'InferenceSession', Fallback)
    providers = ['CUDAExecutionProvider', 'CPUExecutionProvider']
    monkeypatch.setattr(onnxruntime, 'get_available_providers', lambda: providers)
    with pytest.raises(ValueError, match="cannot use device 'cuda'.*cuDNN"):
        open_session(exported / 'tiny.onnx', 'labels', device='cuda')
    assert open_session(exported / 'tiny.onnx', 'labels').device == 'cpu'


@pytest.fixture(scope='module')
def correlation(exported, pytorch):
    """Correlates the logits of a file with those of the file of 32 bits, class by class."""

    def correlate(path):
        predictor = open_exported(path, threads=1)
        prepared = predictor.preprocessing.prepare(pytorch[0][0])
        inputs = dict(images=prepared[None], content=np.array(prepared.shape[1:]))
        files = (path, exported / 'tiny.onnx')
        both = [open_session(each, 'logits').run(inputs)[0] for each in files]
        assert (both[0] != both[1]).any()
        return [np.corrcoef(*map(np.ravel, pair))[0, 1] for pair in zip(*both, strict=True)]

    return correlate


def test_whole_numbers(
    run_export, tiny_config, checkpoint, phantom_root, exported, correlation, tmp_path
):
    path = tmp_path / 'int8.onnx'
    options = ['--precision', 'int8', '--calibration', phantom_root / 'train' / 'DCM']
    out, _ = run_export(tiny_config, checkpoint, '--out', path, *options)
    assert 'int8' in out
    assert path.stat().st_size < 0.4 * (exported / 'tiny.onnx').stat().st_size
    assert min(correlation(path)) > 0.98


def test_half_weights(run_export, tiny_config, checkpoint, exported, correlation, tmp_path):
    path = tmp_path / 'half.onnx'
    thresholds = tmp_path / 'thresholds.json'
    thresholds.write_text(str(dict.fromkeys(CLASSES, 0.02)).replace("'", '"'))
    options = ['--precision', 'fp16', '--thresholds', thresholds]
    run_export(tiny_config, checkpoint, '--out', path, *options)
    assert path.stat().st_size < 0.6 * (exported / 'tiny.onnx').stat().st_size
    assert min(correlation(path)) > 0.999


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (['--out', 'a.pth'], 'a.pth: the file to write must end in .onnx'),
        (['--out', 'a.onnx', '--precision', 'int8'], '--precision int8 and --calibration FOLDER'),
        (
            ['--out', 'a.onnx', '--cfg-options', 'model.data_preprocessor.pad_val=7'],
            'pad_val must be 0',
        ),
    ],
)
def test_errors_in_one_line(run_export, tiny_config, checkpoint, arguments, message):
    _, err = run_export(tiny_config, checkpoint, *arguments, expected=1)
    last = err.strip().splitlines()[-1]
    assert last.startswith('error: ') and message in last
    assert not list(REPOSITORY.glob('a.*'))


def test_steps_after_the_network_are_not_lost_unsaid(run_export, tiny_config, checkpoint, tmp_path):
    config = tmp_path / 'filled.py'
    config.write_text(
        f"_base_ = ['{tiny_config}']\n"
        "model = dict(test_cfg=dict(postprocess=[dict(type='FillHoles', classes=['Ulna'])]))\n"
    )
    command = (config, checkpoint, '--out', tmp_path / 'a.onnx')
    _, err = run_export(*command, expected=1)
    assert 'test_cfg.postprocess has FillHoles, which an exported file cannot do' in err
    run_export(*command, '--cfg-options', 'model.test_cfg.postprocess=[]')
    assert (tmp_path / 'a.onnx').is_file()


def test_full_disk_leaves_the_old_file(exported, tmp_path):
    import onnx

    from handbone.export.description import Description
    from handbone.export.files import write_exported

    path = tmp_path / 'tiny.onnx'
    path.write_bytes(b'old')
    model = onnx.load(exported / 'tiny.onnx')
    texts = {each.key: each.value for each in model.metadata_props}
    description = Description.from_texts(texts, path)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (65536, limits[1]))
    try:
        for kind, suffix in (('onnx', '.onnx'), ('openvino', '.xml')):
            with pytest.raises(OSError, match=rf'tiny\{suffix} cannot be written .*make room'):
                write_exported(model, description, path.with_suffix(suffix), kind)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [each.name for each in tmp_path.iterdir()] == ['tiny.onnx']
    assert path.read_bytes() == b'old'


def test_nothing_of_the_exporting_machine_is_in_the_file(exported):
    """The exporter of PyTorch notes paths and stack traces at every node."""
    for path in exported.iterdir():
        content = path.read_bytes()
        assert b'site-packages' not in content and str(REPOSITORY).encode() not in content
