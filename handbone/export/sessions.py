"""ONNX Runtime and OpenVINO behind one call."""

import functools
import logging
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any, Literal, NamedTuple

import numpy as np
from mmengine.logging import print_log

from handbone.errors import HandboneError
from handbone.extras import import_extra

#: What a session gives: the head's logits, or the labels that the graph packs.
Output = Literal['logits', 'labels']
#: Outputs of the graph of a cascade: where the logits lie in the images, whether the region was
#: found, and where the first network sees each class.
LABELS, LOGITS, PLACE, FOUND, SEEN = 'labels', 'logits', 'place', 'found', 'seen'
OUTPUTS = (LABELS, LOGITS, PLACE, FOUND, SEEN)
#: Outputs for each group of regions of a second look: logits of the views, where they lie, and the
#: soft edges of the classes that they decide.
LOOK = re.compile(r'look_(\d+)_(logits|place|edges)')
#: Which runtime opens which file.
SUFFIXES = {'.onnx': 'ONNX Runtime', '.xml': 'OpenVINO'}
EXTRA = 'export'
#: Where ONNX Runtime computes, by the kind of device.
PROVIDERS = {'cpu': 'CPUExecutionProvider', 'cuda': 'CUDAExecutionProvider'}
#: Where the texts stand in an OpenVINO file.
SECTION = 'handbone'


class Session(NamedTuple):
    """An opened file.

    Attributes:
        texts: What the file says of itself, by name.
        run_all: Takes the inputs by name and returns the outputs by name.
        device: Where it runs, as PyTorch names it.
    """

    texts: Mapping[str, str]
    run_all: Callable[[dict[str, np.ndarray]], dict[str, np.ndarray]]
    device: str = 'cpu'

    def run(self, inputs: dict[str, np.ndarray]) -> np.ndarray:
        """Take the inputs by name and return the first output, logits or labels."""
        return next(iter(self.run_all(inputs).values()))


def look_name(number: int, part: str) -> str:
    """Name an output of a group of regions; see :data:`LOOK`."""
    return f'look_{number}_{part}'


def is_exported(path: str | Path) -> bool:
    """Tell an exported file, which needs no checkpoint, from a config by its suffix.

    Args:
        path: A path.

    Returns:
        Whether :func:`open_session` takes it.
    """
    return Path(path).suffix.lower() in SUFFIXES


def open_session(
    path: Path, output: Output, device: str | None = None, threads: int | None = None
) -> Session:
    """Open an exported file with the runtime of its suffix.

    Args:
        path: ``.onnx`` for ONNX Runtime, ``.xml`` for OpenVINO.
        output: What the session shall give.
        device: ``cpu``, or ``cuda`` or ``cuda:1`` for ONNX Runtime where it has GPUs; for OpenVINO
            any name that it knows, such as ``GPU``. By default a GPU for ONNX Runtime where it has
            one, and the CPU for OpenVINO.
        threads: Threads on the CPU; the runtime decides by default.

    Returns:
        The session.

    Raises:
        FileNotFoundError: If there is no such file.
        HandboneError: If the file is damaged, its suffix is unknown or the runtime lacks the
            device.
        MissingExtraError: If the runtime is not installed.
    """
    if not is_exported(path):
        raise HandboneError(f'{path} does not end in {" or ".join(SUFFIXES)}')
    if not path.is_file():
        raise FileNotFoundError(f'there is no exported file {path}')
    open_file = _open_onnx if path.suffix.lower() == '.onnx' else _open_openvino
    return open_file(path, output, None if device == 'auto' else device, threads)


def damaged(path: Path, error: Exception) -> HandboneError:
    """Make the error for a file that a runtime cannot read."""
    reason = next((line.strip() for line in reversed(str(error).splitlines()) if line.strip()), '')
    return HandboneError(
        f'{path} is cut off, damaged or not a valid {SUFFIXES[path.suffix.lower()]} file '
        f'({reason}): copy it again, or export it again'
    )


def _open_onnx(path: Path, output: Output, device: str | None, threads: int | None) -> Session:
    onnx = import_extra('onnx', EXTRA)
    runtime = import_extra('onnxruntime', EXTRA)
    from .packing_graph import without_packing

    named = device is not None
    if device is None:
        device = 'cuda' if PROVIDERS['cuda'] in runtime.get_available_providers() else 'cpu'
    kind, _, number = device.partition(':')
    provider = PROVIDERS.get(kind, '')
    if provider not in runtime.get_available_providers():
        raise HandboneError(
            f'this ONNX Runtime has no device {device!r}; it has '
            f'{", ".join(runtime.get_available_providers())}: use cpu, or install onnxruntime-gpu'
        )
    options = runtime.SessionOptions()
    options.log_severity_level = 3
    _take_as_requested(runtime)
    options.add_session_config_entry('session.use_env_allocators', '1')
    options.enable_mem_pattern = False
    if threads:
        options.intra_op_num_threads = threads
    try:
        model = onnx.load(path)
        texts = {each.key: each.value for each in model.metadata_props}
        if output == 'logits' and texts:
            model = without_packing(model)
        content = model.SerializeToString()
        del model
        settings = {'device_id': number} if number else {}
        session = runtime.InferenceSession(content, options, providers=[(provider, settings)])
    except Exception as error:  # each library has its own kinds, without a common base
        raise damaged(path, error) from error
    if provider not in session.get_providers():  # it takes the processor instead
        message = (
            f'ONNX Runtime cannot use device {device!r}, though it was built for it: there is no '
            'such GPU, or the libraries (CUDA, cuDNN) do not load'
        )
        if named:
            raise HandboneError(f'{message}. Install those that it asks for, or use cpu')
        print_log(f'{message}. The CPU computes.', logger='current', level=logging.WARNING)
        device = 'cpu'
    names = [output.name for output in session.get_outputs()]

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(None, inputs), strict=True))

    return Session(texts, run, device)


@functools.cache
def _take_as_requested(runtime: ModuleType) -> None:
    """Let ONNX Runtime allocate what is asked for, instead of growing its memory in doubling steps.

    For SegFormer at 1024 that saves a third. The allocator belongs to the process.
    """
    memory = runtime.OrtMemoryInfo(
        'Cpu', runtime.OrtAllocatorType.ORT_ARENA_ALLOCATOR, 0, runtime.OrtMemType.DEFAULT
    )
    settings = runtime.OrtArenaCfg({'arena_extend_strategy': 1})
    runtime.create_and_register_allocator(memory, settings)


def _open_openvino(path: Path, output: Output, device: str | None, threads: int | None) -> Session:
    openvino = import_extra('openvino', EXTRA)
    weights = path.with_suffix('.bin' if path.suffix.islower() else '.BIN')
    if not weights.is_file():
        weights = path.with_suffix('.bin')
    if not weights.is_file():
        raise FileNotFoundError(f'{weights} is missing: it holds the weights of {path}; copy both')
    core = openvino.Core()
    name = (device or 'cpu').upper()
    if name.partition('.')[0] not in core.available_devices:
        raise HandboneError(
            f'OpenVINO has no device {device!r} here; it has {", ".join(core.available_devices)}'
        )
    settings: dict[str, Any] = dict(PERFORMANCE_HINT='LATENCY')
    if name == 'CPU':
        settings.update(INFERENCE_PRECISION_HINT='f32')
        if threads:
            settings.update(INFERENCE_NUM_THREADS=threads)
    try:
        model = core.read_model(path.read_bytes(), weights.read_bytes())
        texts = _texts(model)
        if output == 'logits' and texts:
            model = _ending_in_logits(openvino, model)
        compiled = core.compile_model(model, name, settings)
    except RuntimeError as error:
        raise damaged(path, error) from error
    request = compiled.create_infer_request()

    def run(inputs: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        found = request.infer(inputs)
        # copies: the request gives out its own memory, which the next call overwrites
        return {_name(port): found[port].copy() for port in compiled.outputs}

    return Session(texts, run)


def _texts(model: Any) -> dict[str, str]:
    if not model.has_rt_info([SECTION, 'format']):
        return {}
    names = model.get_rt_info([SECTION]).value
    return {name: str(model.get_rt_info([SECTION, name]).value) for name in names}


def _ending_in_logits(openvino: Any, model: Any) -> Any:
    from .packing_graph import CONTENT, IMAGES

    # the results of the graph have the names of what they give
    nodes = [node for node in model.get_ordered_ops() if node.get_type_name() != 'Result']
    ports = [port for node in nodes for port in node.outputs()]
    named = {name: port for port in ports for name in port.names}
    looks = sorted(name for name in named if LOOK.fullmatch(name))
    wanted = {name: named[name] for name in (LOGITS, PLACE, FOUND, SEEN, *looks) if name in named}
    if LOGITS not in wanted:
        raise RuntimeError('the graph has no logits')
    inputs = [model.input(name).get_node() for name in (IMAGES, CONTENT)]
    results = [openvino.opset13.result(port) for port in wanted.values()]
    return openvino.Model(results, inputs, 'logits')


def _name(port: Any) -> str:
    """Choose a name of an output: that of an exported graph, if it has one."""
    own = [name for name in port.names if name in OUTPUTS or LOOK.fullmatch(name)]
    return next(iter(own or sorted(port.names) or ['output']))
