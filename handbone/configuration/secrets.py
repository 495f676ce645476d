"""Secrets do not belong into configs, which are copied into logs, dumps and checkpoints."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from mmengine.config import Config

from handbone.errors import HandboneError
from handbone.notifications.destinations import SCHEME

#: What in a text is a secret: a password in an address, or the address of a webhook or a bot.
SECRETS = (
    re.compile(r'://[^/\s:@]*:[^/\s@]+@'),
    re.compile(r'hooks\.slack\.com/|discord(?:app)?\.com/api/webhooks/|api\.telegram\.org/bot'),
    re.compile(r'://\S*[?&](?:\w+_)?(?:key|token|password|secret)=[^&\s]', re.IGNORECASE),
)
#: What a setting is called whose text is a secret, such as W&B's api_key.
SECRET_NAME = re.compile(
    r'(?:.*_)?(?:api_?key|private_key|password|passwd|secret|token)', re.IGNORECASE
)


def refuse_secrets(cfg: Config) -> None:
    """Make sure that a config holds no secrets: passwords, keys, addresses with them.

    Args:
        cfg: Configuration.

    Raises:
        HandboneError: If it does; the message names the setting and does not show the secret.
    """
    for key, value in _texts(cfg._cfg_dict.to_dict(), ''):
        if any(secret.search(value) for secret in SECRETS):
            raise HandboneError(
                f'{key} holds an address with a secret, and configs are copied into logs and '
                'checkpoints: keep it in an environment variable (MLFLOW_TRACKING_URI, '
                'HANDBONE_NOTIFY and so on) or in a file that only you can read'
            )
        name = key.rpartition('.')[2]
        if value and SECRET_NAME.fullmatch(name):
            raise HandboneError(
                f'{key} is a secret, and configs are copied into logs and checkpoints: keep it in '
                'the environment variable that the program reads (WANDB_API_KEY, '
                'MLFLOW_TRACKING_PASSWORD and so on)'
            )
        if name.startswith('to[') and SCHEME.match(value):
            raise HandboneError(
                f'{key} is an address, which holds secrets, and configs are copied into logs and '
                'checkpoints: write it into ~/.config/handbone/notify.txt, or name an environment '
                'variable as $NAME (docs/notifications.md)'
            )


def _texts(value: Any, key: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name == 'to' and isinstance(inner, str):
                inner = [inner]
            yield from _texts(inner, f'{key}.{name}' if key else str(name))
    elif isinstance(value, (list, tuple)):
        for index, inner in enumerate(value):
            yield from _texts(inner, f'{key}[{index}]')
