"""The board: serve it, and who may sign in."""

import getpass
from collections.abc import Callable
from typing import TextIO

import click
from sqlalchemy.orm import Session

from config.board import Role
from console.app import App, Misused, Stop, as_json, print_json, utc_now, with_app
from desk.likeness import Likenesses
from safety.logs import open_log
from safety.screen import screen
from storage.accounts import accounts, add_account, bind, disable, enable, set_password, set_role, sign_out_everywhere
from storage.custody import append
from storage.errors import AccountNotFound, AccountRefused

LEAST_PASSWORD = 12  # characters; NIST SP 800-63B-4 asks for 15 where nothing else is asked for, 8 at least


@click.command("serve")
@click.option("--listen", metavar="ADDRESS:PORT", envvar="MEKIKI_BOARD", help="Instead of [board] listen.")
@with_app
def serve_command(app: App, listen: str | None) -> None:
    """Show the board in a browser: a wall of what was found, cases, figures.

    Answers at [board] listen, http://127.0.0.1:8480 by default. People sign in with the accounts of `mekiki account`.
    """
    from board.board import Board  # here, because what a board needs takes long to import
    from board.server import ServerRefused, check_open, listening, serve

    config = app.config
    if listen is not None:
        config = config.model_copy(update={"board": config.board.model_copy(update={"listen": listen})})
        config._file = app.config.file
    with Likenesses(config.brand, app.media, patience=2.0) as likenesses:
        board = Board(
            config=config,
            engine=app.engine,
            media=app.media,
            catalogue=app.catalogue,
            likenesses=likenesses,
            now=utc_now,
            log=open_log(config.watch.log),
        )
        try:
            check_open(board)
            with listening(config.board.listen) as bound:
                click.echo(f"The board answers at {board.origin}; Ctrl+C ends it.", err=True)
                if config.board.proxies:
                    click.echo(
                        f"It answers its proxies alone: {', '.join(config.board.proxies)}, this machine.", err=True
                    )
                serve(board, bound)
        except ServerRefused as error:
            raise Misused(str(error)) from error


@click.group("account")
def account_group() -> None:
    """Who may sign in to the board, and in which role."""


ROLE = click.Choice(["viewer", "analyst", "approver", "admin"])
as_admin = click.option("--as", "who", default=getpass.getuser, show_default="your login", help="Who is changing it.")
PASSWORD = click.option("--password-file", type=click.File("r"), help="Read the password there; default: ask for it.")


@account_group.command("add")
@click.argument("login")
@click.option("--role", type=ROLE, default="analyst", show_default=True)
@click.option("--no-password", is_flag=True, help="Signs in by single sign-on only.")
@PASSWORD
@as_admin
@with_app
def add(app: App, login: str, role: Role, no_password: bool, password_file: TextIO | None, who: str) -> None:
    """Add an account.

    A viewer sees everything; an analyst judges and drafts notices; an approver also approves and files them; an admin
    also changes the setup.
    """
    password = None if no_password else _hashed(password_file)
    try:
        with app.transaction() as session:
            add_account(session, login, role, password, now=utc_now())
            _on_record(session, login, "add", who, role=role)
    except AccountRefused as error:
        raise Misused(str(error)) from error
    click.echo(f"{screen(login)} may sign in as {role}.")


@account_group.command("list")
@as_json
@with_app
def listing(app: App, as_json: bool) -> None:
    """List accounts."""
    with app.snapshot() as session:
        found = accounts(session)
    if as_json:
        print_json([{"login": one.login, "role": one.role, "password": one.password is not None,
                     "created_at": one.created_at, "disabled_at": one.disabled_at,
                     "subject": one.subject} for one in found])  # fmt: skip
        return
    for one in found:
        state = f"disabled {one.disabled_at:%Y-%m-%d}" if one.disabled_at else ""
        click.echo(f"{screen(one.login):<24} {one.role:<9} {state}".rstrip())


@account_group.command("password")
@click.argument("login")
@click.option("--none", "without", is_flag=True, help="None any more: it signs in by single sign-on only.")
@PASSWORD
@as_admin
@with_app
def password(app: App, login: str, without: bool, password_file: TextIO | None, who: str) -> None:
    """Give an account another password, or none, and sign it out everywhere."""
    hashed = None if without else _hashed(password_file)
    _changed(app, login, "password", who, lambda session: set_password(session, login, hashed))


@account_group.command("role")
@click.argument("login")
@click.argument("role", type=ROLE)
@as_admin
@with_app
def role_command(app: App, login: str, role: Role, who: str) -> None:
    """Give an account another role, from the next click on."""
    _changed(app, login, "role", who, lambda session: set_role(session, login, role), role=role)


@account_group.command("sign-out")
@click.argument("login")
@as_admin
@with_app
def sign_out_command(app: App, login: str, who: str) -> None:
    """Sign somebody out everywhere: a machine was lost, or a cookie may be in other hands."""
    _changed(app, login, "sign-out", who, lambda session: sign_out_everywhere(session, login))


@account_group.command("disable")
@click.argument("login")
@as_admin
@with_app
def disable_command(app: App, login: str, who: str) -> None:
    """Let nobody sign in with an account any more; what was decided with it keeps its name."""
    _changed(app, login, "disable", who, lambda session: disable(session, login, now=utc_now()))


@account_group.command("enable")
@click.argument("login")
@as_admin
@with_app
def enable_command(app: App, login: str, who: str) -> None:
    """Let people sign in with an account again."""
    _changed(app, login, "enable", who, lambda session: enable(session, login))


@account_group.command("unbind")
@click.argument("login")
@as_admin
@with_app
def unbind_command(app: App, login: str, who: str) -> None:
    """Let another person of an OpenID Connect issuer have an account; the first who signs in as LOGIN gets it.

    One that has a password must first be rid of it: `account password LOGIN --none`.
    """
    _changed(app, login, "unbind", who, lambda session: bind(session, login, None))


def _changed(app: App, login: str, action: str, who: str, change: Callable[[Session], None], **data: str) -> None:
    try:
        with app.transaction() as session:
            change(session)
            _on_record(session, login, action, who, **data)
    except AccountNotFound as error:
        raise Stop(str(error)) from error
    click.echo(f"{screen(login)}: done.")


def _on_record(session: Session, login: str, action: str, who: str, **data: str) -> None:
    append(session, at=utc_now(), who=who, action=f"account {action}", subject=f"account {login}", data=data)


def _hashed(file: TextIO | None) -> str:
    from board.signing import HASHER  # as above

    return HASHER.hash(_password(file))


def _password(file: TextIO | None) -> str:
    if file is not None:
        given: str = file.read().rstrip("\r\n")
    else:
        given = click.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    if len(given) < LEAST_PASSWORD:
        raise Misused(f"a password has at least {LEAST_PASSWORD} characters")
    return given
