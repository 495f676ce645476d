"""``handbone notify``: send a message, try the set-up, get the first tokens of KakaoTalk."""

import argparse
import getpass
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Describe the command line.

    Args:
        parser: The parser to extend.
    """
    parser.description = (
        'Send a message to Slack, Discord, Telegram, KakaoTalk, mail and others. Addresses are in '
        'the environment variable HANDBONE_NOTIFY or in ~/.config/handbone/notify.txt; trainings '
        'send theirs with NotificationHook. The exit status is 1 if a service did not take it.'
    )
    parser.add_argument('message', nargs='?', help='text to send')
    parser.add_argument('--title', default='handbone', help='its title (default: handbone)')
    parser.add_argument(
        '--to',
        nargs='+',
        metavar='NAME',
        help='$VARIABLE or file with the addresses, in place of the default',
    )
    parser.add_argument('--test', action='store_true', help='send a message to try the set-up')
    parser.add_argument(
        '--kakao-login',
        action='store_true',
        help='ask for the keys of a Kakao application and write the first tokens',
    )
    parser.add_argument(
        '--kakao-friends',
        action='store_true',
        help='with --kakao-login: messages may go to friends; alone: list their UUIDs',
    )
    parser.add_argument(
        '--kakao-tokens',
        type=Path,
        metavar='FILE',
        help='file of the tokens (default: ~/.config/handbone/kakao.json)',
    )


def run(args: argparse.Namespace) -> None:
    """Send a message.

    Args:
        args: The parsed command line.

    Raises:
        SystemExit: With 1 if a service did not take the message, 2 if there is nothing to do.
    """
    if args.kakao_login:
        _log_in_to_kakao(args)
    elif args.kakao_friends:
        _list_friends(args)
    elif args.test or args.message:
        _send(args)
    else:
        print('error: give a message, or --test', file=sys.stderr)
        sys.exit(2)


def _send(args: argparse.Namespace) -> None:
    from handbone.apis.notifying import notify

    text = args.message or 'This is a test. Messages of trainings will arrive here.'
    failed = False
    for name, outcome in notify(text, args.title, args.to):
        failed = failed or not outcome.sent
        print(f'{name}: {"sent" if outcome.sent else f"not sent: {outcome.reason}"}')
    if failed:
        sys.exit(1)


def _log_in_to_kakao(args: argparse.Namespace) -> None:
    from handbone.notifications.kakao_login import (
        REDIRECT,
        authorization_address,
        code_of,
        fetch_first_tokens,
    )
    from handbone.notifications.kakao_service import default_token_file

    path = args.kakao_tokens or default_token_file()
    print(f'The application at https://developers.kakao.com needs the redirect URI {REDIRECT}')
    client_id = getpass.getpass('REST API key (not shown): ').strip()
    secret = getpass.getpass('Client secret (empty if it has none): ').strip() or None
    print('Open this address, log in and agree:')
    print(f'  {authorization_address(client_id, args.kakao_friends)}')
    print('The browser then goes to a page that does not load. Copy its address.')
    code = code_of(getpass.getpass('Address (not shown): '))
    fetch_first_tokens(client_id, secret, code, path)
    print(f'Tokens: {path}')
    address = 'kakaofile://me' + (f'?tokens={args.kakao_tokens}' if args.kakao_tokens else '')
    print(f'Address of messages to yourself: {address}')


def _list_friends(args: argparse.Namespace) -> None:
    from handbone.notifications.kakao_login import list_friends
    from handbone.notifications.kakao_service import default_token_file, fresh_access_token

    token = fresh_access_token(args.kakao_tokens or default_token_file())
    for uuid, name in list_friends(token):
        print(f'{uuid}  {name}')
