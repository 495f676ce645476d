"""Secrets are refused wherever they stand in a config, and the message does not show them."""

import pytest
from mmengine.config import Config

from handbone.configuration.secrets import refuse_secrets
from handbone.errors import HandboneError


@pytest.mark.parametrize(
    ('settings', 'place'),
    [
        (dict(hook=dict(to='slack://A/B/hidden')), 'hook.to[0]'),
        (dict(hooks=[dict(to=['$TEAM', 'json://a/hidden'])]), 'hooks[0].to[1]'),
        (dict(uri='http://anna:hidden@mlflow.example'), 'uri'),
        (dict(a=dict(text='see https://hooks.slack.com/services/A/hidden')), 'a.text'),
        (dict(uri='https://tracking.example/api?user=anna&access_token=hidden'), 'uri'),
        (dict(wandb=dict(settings=dict(api_key='hidden'))), 'wandb.settings.api_key'),
        (dict(WANDB_API_KEY='hidden'), 'WANDB_API_KEY'),
        (dict(tags=dict(client_secret='hidden', b=1)), 'tags.client_secret'),
        (dict(hooks=[dict(password='hidden')]), 'hooks[0].password'),
    ],
)
def test_secrets(settings, place):
    with pytest.raises(HandboneError) as error:
        refuse_secrets(Config(settings))
    assert str(error.value).startswith(f'{place} ') and 'hidden' not in str(error.value)


def test_what_is_no_secret():
    refuse_secrets(
        Config(
            dict(
                to=['$TEAM', '~/team.txt'],
                uri='http://mlflow.example:5000/a?page=2',
                with_cls_token=True,
                out_type='cls_token',
                password='',
                token=None,
                keys=['a', 'b'],
                tokens='words',
                note='key=value, a:b@c',
            )
        )
    )
