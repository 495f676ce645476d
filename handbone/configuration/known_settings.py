"""Which settings there are: at the top of a config, and in a dict of a type."""

import ast
import difflib
import inspect
import re
import textwrap
from collections.abc import Callable, Collection, Mapping
from inspect import signature
from typing import Any, NamedTuple

from mmengine.config import Config
from mmengine.registry import Registry
from mmengine.runner import LogProcessor, Runner, set_random_seed
from mmseg import registry as mmseg_registries
from torch.utils.data import DataLoader

#: Settings that mmengine's runner reads in addition to its arguments, and those of handbone.
OTHER_SETTINGS = (
    'activation_checkpointing',
    'compile',
    'custom_imports',
    'efficient_conv_bn_eval',
    'find_unused_parameters',
    'model_wrapper_cfg',
    'runner_type',
    'sync_bn',
    'allow_pickle',
    'from_scratch',
    'precision',
    'start_from',
    'tta_merge',
    'tta_pipeline',
    'tta_views',
)
#: The registry of a setting's types, by the first pattern that fits its dotted key.
REGISTRY_OF = (
    (r'(model|\w*pipeline|\w+_dataloader)\b.*\.(regions?(\.\d+)?|within)', 'TASK_UTILS'),
    (r'.*pipeline(\.\d+(\.transforms(\.\d+)*)?)?(\.\d+)*', 'TRANSFORMS'),
    (r'\w+_dataloader\.(batch_)?sampler(\.\w+)*', 'DATA_SAMPLERS'),
    (r'\w+_dataloader\.collate_fn', 'FUNCTIONS'),
    (r'\w+_dataloader\.dataset(\.\w+)*', 'DATASETS'),
    (r'model\.test_cfg\.postprocess\.\d+', 'TASK_UTILS'),
    (r'model(\.\w+)*', 'MODELS'),
    (r'(train|val|test)_cfg', 'LOOPS'),
    (r'optim_wrapper\.(\w+\.)?optimizer', 'OPTIMIZERS'),
    (r'optim_wrapper(\.(?!clip_grad|paramwise_cfg)\w+)?', 'OPTIM_WRAPPERS'),
    (r'param_scheduler(\.\w+)*', 'PARAM_SCHEDULERS'),
    (r'(val|test)_evaluator(\.\d+)?', 'METRICS'),
    (r'(default|custom)_hooks\.\w+', 'HOOKS'),
    (r'visualizer\.vis_backends\.\d+', 'VISBACKENDS'),
    (r'visualizer', 'VISUALIZERS'),
    (r'log_processor', 'LOG_PROCESSORS'),
)
#: Keys that mmengine or a builder removes before it builds the dict.
BUILDERS_KEYS = {'type', '_scope_', '_delete_'}
BUILDERS_KEYS_OF = {
    'HOOKS': {'priority'},
    'LOOPS': {'by_epoch'},
    'OPTIM_WRAPPERS': {'optimizer', 'constructor', 'paramwise_cfg'} | {'dtype', 'loss_scale'},
    'PARAM_SCHEDULERS': {'convert_to_iter_based'},
}
#: Arguments that builders add themselves, so they are not written into a config.
GIVEN = {'self', 'runner', 'dataloader', 'evaluator', 'optimizer', 'params', 'seed', 'name'}
LOADER_KEYS = {
    'dataset',
    'sampler',
    'batch_sampler',
    'collate_fn',
    'worker_init_fn',
    'num_batch_per_epoch',
    'disable_subprocess_warning',
}
SEGMENTOR_KEYS = {'mode', 'decision', 'threshold', 'postprocess'}
SEGMENTOR_KEYS |= {'keep_logits', 'summarise', 'crop_size', 'stride'}
#: Keys of dicts without a type, by pattern of their dotted key, and whether the list is complete.
KEYS_OF = (
    (r'(train|val|test)_dataloader', {*signature(DataLoader).parameters} | LOADER_KEYS, True),
    (r'randomness', {*signature(set_random_seed).parameters}, True),
    (r'log_processor', {*signature(LogProcessor).parameters}, True),
    (r'env_cfg', {'cudnn_benchmark', 'mp_cfg', 'dist_cfg', 'resource_limit'}, True),
    (r'env_cfg\.mp_cfg', {'mp_start_method', 'opencv_num_threads'}, True),
    (r'auto_scale_lr', {'enable', 'base_batch_size'}, True),
    (r'model(\.module)?\.test_cfg', SEGMENTOR_KEYS, False),
)
#: Minimum similarity, 0 to 1, at which a name counts as a misspelling of a different one.
MIN_SIMILARITY = 0.8


class Keys(NamedTuple):
    """The keys that a dict of a config may have.

    Attributes:
        names: The known keys.
        complete: Whether these are all.
    """

    names: set[str]
    complete: bool

    def takes(self, name: str) -> bool:
        """Tell whether a key may have an effect.

        Args:
            name: The key.

        Returns:
            False for a key that has no effect, or that looks like a misspelt name.
        """
        if name in self.names:
            return True
        return not self.complete and not nearest(name, self.names, MIN_SIMILARITY)


def settings_read(cfg: Mapping) -> set[str]:
    """List the top-level names that a run reads; others are variables of the config file.

    Args:
        cfg: Configuration.

    Returns:
        The names, whether the config has them or not.
    """
    names = {*signature(Runner.__init__).parameters, *OTHER_SETTINGS} - {'self', 'cfg'}
    if 'data_preprocessor' in (cfg.get('model') or {}):
        names.discard('data_preprocessor')  # the runner uses the model's own
    return names


def name_of(cfg: Config) -> str:
    """Name a config in a message, by its file if it has one."""
    return str(cfg.filename) if getattr(cfg, 'filename', None) else 'the config'


def registry_of(key: str) -> str | None:
    """Name the registry in which the type of a setting is looked up.

    Args:
        key: Dotted key of the dict that has the type, such as ``model.decode_head``.

    Returns:
        A name in ``mmseg.registry``, or None where no type is expected.
    """
    return next((name for pattern, name in REGISTRY_OF if re.fullmatch(pattern, key)), None)


def find_type(key: str, kind: Any) -> Any:
    """Find the class or function of a type, in any registry.

    Args:
        key: Dotted key of the dict that has the type.
        kind: The type: a name, or the class itself.

    Returns:
        The class or function, or None if the name does not exist.
    """
    if not isinstance(kind, str):
        return kind
    first = registry_of(key)
    registries = [value for value in vars(mmseg_registries).values() if isinstance(value, Registry)]
    registries.sort(key=lambda each: each is not getattr(mmseg_registries, first or '', None))
    return next(filter(None, (each.get(kind) for each in registries)), None)


def nearest(name: str, names: Collection[str], cutoff: float = 0.6) -> str:
    """Suggest names for one that does not exist.

    Args:
        name: What was written.
        names: The names that exist.
        cutoff: Minimum similarity, 0 to 1.

    Returns:
        ``' (did you mean max_iters?)'``, or an empty text.
    """
    close = difflib.get_close_matches(name, sorted(map(str, names)), n=2, cutoff=cutoff)
    return f' (did you mean {" or ".join(close)}?)' if close else ''


def types_of(key: str) -> list[str]:
    """List the names of types that a setting may have.

    Args:
        key: Dotted key of the dict that has the type.

    Returns:
        The names in the registry and its parents.
    """
    registry = getattr(mmseg_registries, registry_of(key) or '', None)
    names: list[str] = []
    while registry is not None:
        names += registry.module_dict
        registry = registry.parent
    return names


def keys_of(key: str, settings: Mapping) -> Keys | None:
    """List the keys that a dict of a config may have.

    Args:
        key: Dotted key of the dict.
        settings: The dict.

    Returns:
        The keys, None for a free-form dict.
    """
    if 'type' not in settings:
        fitting = (each for each in KEYS_OF if re.fullmatch(each[0], key))
        return next((Keys(names, complete) for _, names, complete in fitting), None)
    registry = registry_of(key)
    if registry is None or (key.endswith('_cfg') and registry == 'MODELS'):
        return None  # norm_cfg, act_cfg, init_cfg: their builders remove keys
    kind = find_type(key, settings['type'])
    if not callable(kind):
        return None
    names, complete = accepted_arguments(kind)
    return Keys(names | BUILDERS_KEYS | BUILDERS_KEYS_OF.get(registry, set()), complete)


def accepted_arguments(kind: Callable) -> Keys:
    """List the arguments of a class or function.

    Args:
        kind: The class or function. Arguments that a class hands on to ``super().__init__`` by
            ``**kwargs`` are followed to its base classes.

    Returns:
        The names that a config can give; incomplete where ``**kwargs`` may be anything.
    """
    initializers = [kind]
    if inspect.isclass(kind):
        classes = (each for each in inspect.getmro(kind) if each is not object)
        initializers = [each.__dict__['__init__'] for each in classes if '__init__' in vars(each)]
    taken: set[str] = set()
    for each in initializers:
        try:
            names, rest = _names(signature(each).parameters.values())
        except (TypeError, ValueError):  # written in C
            break
        taken |= names
        if rest is None:
            return Keys(taken, complete=True)
        if not _hands_on(each, rest):
            break
    return Keys(taken, complete=False)


def required_arguments(kind: Callable) -> set[str]:
    """List the arguments without a default that a config has to give.

    Args:
        kind: The class or function.

    Returns:
        Names.
    """
    try:
        parameters = signature(kind).parameters.values()
    except (TypeError, ValueError):
        return set()
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    wanted = (each for each in parameters if each.kind in usual and each.default is each.empty)
    return {each.name for each in wanted} - GIVEN


def _names(parameters: Collection[inspect.Parameter]) -> tuple[set[str], str | None]:
    """The named parameters, and the name of ``**kwargs`` if there is one."""
    usual = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    parameters = list(parameters)
    rest = [each.name for each in parameters if each.kind is inspect.Parameter.VAR_KEYWORD]
    return {each.name for each in parameters if each.kind in usual}, rest[0] if rest else None


def _hands_on(initialize: Callable, rest: str) -> bool:
    """Tell whether ``super().__init__`` is called with the remaining arguments."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(initialize)))
    except (OSError, SyntaxError, TypeError):
        return False
    return any(
        isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == '__init__'
        and isinstance(call.func.value, ast.Call)
        and any(
            keyword.arg is None and getattr(keyword.value, 'id', None) == rest
            for keyword in call.keywords
        )
        for call in ast.walk(tree)
    )
