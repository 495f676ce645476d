"""A service that messages go to, through Apprise."""

import re
from typing import Any, NamedTuple
from urllib.parse import unquote, unquote_plus

from handbone.errors import HandboneError
from handbone.extras import import_extra
from handbone.listing import readable

from .destinations import Destination
from .kakao_service import EXTRA, SCHEME, register_kakao_file
from .message import Message

#: Seconds after which one attempt to send is given up.
ATTEMPT_SECONDS = 60.0
#: Parts of an address that may be secrets have at least this many characters.
SECRET_LENGTH = 5


class Outcome(NamedTuple):
    """What came of an attempt to send a message.

    Attributes:
        sent: Whether the service took it.
        reason: Why not, without secrets.
    """

    sent: bool
    reason: str = ''


class Service:
    """A service that messages go to.

    Args:
        destination: Its address.

    Raises:
        MissingExtraError: If Apprise is not installed.
        HandboneError: If Apprise does not know the service, or the address lacks something; the
            message does not show the address.
    """

    def __init__(self, destination: Destination) -> None:
        self._apprise = import_extra('apprise', EXTRA)
        asset = self._apprise.AppriseAsset(
            app_id='handbone',
            app_desc='Multilabel segmentation',
            async_mode=False,
            allow_templates=False,
            service_timeout=ATTEMPT_SECONDS,
        )
        plugin = self._plugin(destination, asset)
        self.name = str(plugin.service_name)
        self.place = destination.place
        self._secrets = _secrets(destination.address)
        self._sender = self._apprise.Apprise(asset=asset)
        self._sender.add(plugin)

    def send(self, message: Message) -> Outcome:
        """Try to send a message, once.

        Args:
            message: The message.

        Returns:
            Whether the service took it.
        """
        try:
            result = self._sender.notify(
                body=readable(message.body),
                title=readable(message.title),
                notify_type=message.kind,
            )
        except Exception as error:  # whatever a plugin of Apprise raises
            return Outcome(False, self._hidden(f'{type(error).__name__}: {error}'))
        if result:
            return Outcome(True)
        reasons = [entry.message for entry in result.logs() if entry.level in ('WARNING', 'ERROR')]
        return Outcome(False, self._hidden(' '.join(reasons) or f'status {result.status.name}'))

    def _plugin(self, destination: Destination, asset: Any) -> Any:
        if destination.scheme == SCHEME:
            register_kakao_file()
        logger = import_extra('apprise.logger', EXTRA).logger
        logger.disabled = True  # it would write addresses that it does not understand into logs
        try:
            plugin = self._apprise.Apprise.instantiate(
                destination.address, asset=asset, suppress_exceptions=False
            )
        except HandboneError:
            raise
        except Exception:  # with the address in its text
            plugin = None
        finally:
            logger.disabled = False
        if plugin is None:
            raise HandboneError(
                f'{destination.place}: Apprise does not accept this {destination.scheme}:// '
                'address; https://appriseit.com/services says what each service needs'
            )
        if 'overflow=' not in destination.address and plugin.overflow_mode.value == 'upstream':
            plugin.overflow_mode = self._apprise.common.OverflowMode.SPLIT
        return plugin

    def _hidden(self, text: str) -> str:
        """Remove whatever may be a secret, and put the text on one line."""
        for secret in self._secrets:
            text = text.replace(secret, '…')
        return ' '.join(text.split())


def _secrets(address: str) -> list[str]:
    """List the parts of an address but its scheme, as written and as meant, the longest first."""
    parts = re.split(r'[/@:?&=,]+', address.partition('://')[2])
    found = {form for part in parts for form in (part, unquote(part), unquote_plus(part))}
    return sorted((each for each in found if len(each) >= SECRET_LENGTH), key=len, reverse=True)
