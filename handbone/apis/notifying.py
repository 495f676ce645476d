"""Send a message to people."""

from collections.abc import Sequence

from handbone.notifications.destinations import find_destinations
from handbone.notifications.message import Message
from handbone.notifications.service import Outcome, Service


def notify(
    text: str, title: str = 'handbone', to: Sequence[str] | None = None, kind: str = 'info'
) -> list[tuple[str, Outcome]]:
    """Send a message to Slack, Discord, Telegram, KakaoTalk, mail and so on, and wait for it.

    >>> notify('The archive is predicted.')

    Args:
        text: The message.
        title: Its title.
        to: ``$NAME`` for an environment variable or a file with the addresses. Default: the
            variable HANDBONE_NOTIFY, or ``~/.config/handbone/notify.txt``.
        kind: ``info``, ``success``, ``warning`` or ``failure``, which have different colours.

    Returns:
        The name of each service, with the place of its address, and whether it took the message.

    Raises:
        MissingExtraError: If Apprise is not installed.
        HandboneError: If there is no address, a file of addresses can be read by others, or an
            address is not complete.
        OSError: If a file cannot be read.
    """
    services = [Service(destination) for destination in find_destinations(to)]
    message = Message(title, text, kind)
    return [(f'{each.name} ({each.place})', each.send(message)) for each in services]
