"""Single sign-on by an OpenID Connect issuer at the loopback, and how accounts belong to it."""

from collections.abc import Callable, Iterator
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from sqlalchemy import select

from board import issuer as board_issuer
from board.board import Board
from config import ConfigError, load
from storage.accounts import account, add_account, bind, set_password
from storage.database import snapshot, transaction
from storage.schema import BoardSessionRow, CustodyRow
from tests.board.conftest import LOGINS, Clock, Somebody
from tests.board.test_by_proxy import continued
from tests.console.conftest import NOW, Store
from tests.servers.issuer import CLIENT, SECRET, IssuerServer
from tests.servers.web import Answer

AOKI = LOGINS["analyst"]
PROXY, ELSEWHERE = "10.0.3.7", "10.0.4.9"
HEADER = (
    '[board]\nurl = "https://mekiki.hoshino-denki.example"\nproxies = ["10.0.3.0/24"]\nidentity = "X-Forwarded-User"\n'
)
BACK = "/sign-in/oidc/back"
Make = Callable[..., Somebody]


@pytest.fixture
def issuer(clock: Clock) -> Iterator[IssuerServer]:
    with IssuerServer(clock) as server:
        yield server


@pytest.fixture
def sso_with(
    issuer: IssuerServer,
    configured: Callable[[str], None],
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., Make]:
    """Configure the issuer; return what makes browsers."""

    def make(egress: str | None = None, more: str = "", board: str = "") -> Make:
        monkeypatch.setenv("MEKIKI_OIDC", SECRET)
        allow = f'[egress]\nallow = ["{issuer.web.allow}"]\n' if egress is None else egress
        configured(
            f'{allow}[board]\n{board}[board.oidc]\nissuer = "{issuer.url}"\nclient_id = "{CLIENT}"\n'
            f'client_secret = "env:MEKIKI_OIDC"\nname = "Hoshino ID"\n{more}'
        )
        with transaction(request.getfixturevalue("board").engine) as session:
            set_password(session, AOKI, None)
        made: Make = request.getfixturevalue("somebody")
        return made

    return make


@pytest.fixture
def sso(sso_with: Callable[..., Make]) -> Make:
    """Browsers of a board with the issuer; asked for before `board` is."""
    return sso_with()


def led(one: Somebody, wanted: str = "/wall?brand=hoshino") -> str:
    """Press the button of the sign-in page; return where the browser is led."""
    answer = one.client.get("/sign-in/oidc", params={"next": wanted})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def test_whoever_the_issuer_names_is_signed_in(sso: Make, issuer: IssuerServer, board: Board) -> None:
    one = sso()
    page = one.get("/sign-in?next=/case/7").text
    assert 'href="/sign-in/oidc?next=/case/7">Sign in with Hoshino ID' in page
    back = issuer.authorize(led(one))
    answer = one.get(f"{BACK}?{back}")
    assert answer.status_code == 200
    # The page asks again from here: a cookie of SameSite=Strict is not sent where the issuer's site leads.
    assert '<meta http-equiv="refresh" content="0;url=/wall?brand=hoshino">' in answer.text
    assert one.get("/").headers["location"] == "/wall"
    with snapshot(board.engine) as session:
        assert account(session, AOKI).subject == f"{issuer.url} 248289761001"
        assert session.scalars(select(BoardSessionRow.means)).all() == ["oidc"]
        row = session.scalars(select(CustodyRow).order_by(CustodyRow.number.desc()).limit(1)).one()
        assert (row.who, row.action, row.data) == (AOKI, "board sign-in", {"by": "oidc"})


def test_what_binds_the_browser_is_a_cookie_that_comes_back_from_the_issuers_site(
    sso: Make, issuer: IssuerServer
) -> None:
    one = sso()
    answer = one.get("/sign-in/oidc")
    cookie = SimpleCookie(answer.headers["set-cookie"])["mekiki-flow"]
    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["max-age"]) == (True, "lax", "/", "600")
    one.get(f"{BACK}?{issuer.authorize(answer.headers['location'])}")
    assert one.cookies.keys() == {"mekiki"}


def test_a_code_of_another_browser_signs_nobody_in(sso: Make, issuer: IssuerServer) -> None:
    make = sso
    attacker, victim = make(), make()
    back = issuer.authorize(led(attacker))
    assert victim.get(f"{BACK}?{back}").status_code == 400  # it has begun nothing
    led(victim)
    assert victim.get(f"{BACK}?{back}").status_code == 403  # it has begun something else
    assert "mekiki" not in victim.cookies
    assert issuer.tokens == []


def test_a_code_is_of_use_once(sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    back = issuer.authorize(led(one))
    flow = one.cookies
    assert one.get(f"{BACK}?{back}").status_code == 200
    one.client.cookies.clear()
    one.client.cookies.update(flow)
    assert one.get(f"{BACK}?{back}").status_code == 403


@pytest.mark.parametrize(
    "claims",
    [
        {"nonce": "another"},
        {"nonce": None},
        {"aud": "another-client"},
        {"aud": "another-client", "azp": CLIENT},
        {"aud": ["another-client", "third"]},
        {"aud": [CLIENT, "another"], "azp": "another"},
        {"aud": None},
        {"iss": "https://evil.test"},
        {"iss": None},
        {"exp": int(NOW.timestamp()) - 86400},
        {"exp": None},
        {"exp": "soon"},
        {"iat": int(NOW.timestamp()) + 86400},
        {"iat": None},
        {"nbf": int(NOW.timestamp()) + 86400},
        {"sub": None},
        {"sub": ""},
        {"sub": ["248289761001"]},
        {"preferred_username": None},
        {"preferred_username": ["aoki"]},
        {"preferred_username": ""},
    ],
    ids=str,
)
def test_a_token_that_is_wrong_is_refused(claims: dict[str, Any], sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    answer = one.get(f"{BACK}?{issuer.authorize(led(one), **claims)}")
    assert answer.status_code == 403
    assert "Start the sign-in again" in answer.text
    assert one.cookies == {}
    assert len(issuer.tokens) == 1


@pytest.mark.parametrize(
    "sign, status",
    [
        ("signed_by_its_other_key", 200),
        ("signed_by_a_stranger", 403),
        ("unsigned", 403),
        ("signed_with_the_public_key_as_secret", 403),
        ("signed_with_the_clients_secret", 403),
    ],
)
@pytest.mark.filterwarnings("ignore::joserfc.errors.SecurityWarning")  # these signatures are weak on purpose
def test_who_has_signed_a_token_matters(sign: str, status: int, sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    issuer.sign = getattr(issuer, sign)
    answer = one.get(f"{BACK}?{issuer.authorize(led(one))}")
    assert answer.status_code == status
    assert ("mekiki" in one.cookies) is (status == 200)


@pytest.mark.parametrize("token", ["", "a.b.c", "eyJhbGciOiJub25lIn0.e30.", "x" * 100_000, "é.é.é"])
def test_what_is_no_token_is_refused(token: str, sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    issuer.sign = lambda claims: token
    assert one.get(f"{BACK}?{issuer.authorize(led(one))}").status_code == 403


@pytest.mark.parametrize(
    "query", ["error=access_denied&error_description=%3Cscript%3E", "iss=https://evil.test", "code="]
)
def test_what_comes_back_without_a_code_or_from_another_issuer_is_refused(
    query: str, sso: Make, issuer: IssuerServer
) -> None:
    one = sso()
    state = parse_qs(urlsplit(led(one)).query)["state"][0]
    answer = one.get(f"{BACK}?code=x&{query}&state={state}")
    assert answer.status_code == 403
    assert "script>" not in answer.text.replace("</script>", "").replace("<script src", "")
    assert issuer.tokens == []


def test_a_name_that_belongs_to_somebody_else_at_the_issuer_is_refused(
    sso: Make, issuer: IssuerServer, board: Board
) -> None:
    one = sso()
    assert one.get(f"{BACK}?{issuer.authorize(led(one))}").status_code == 200
    answer = one.get(f"{BACK}?{issuer.authorize(led(one), sub='another')}")
    assert answer.status_code == 403
    assert "belongs to somebody else" in answer.text
    with transaction(board.engine) as session:
        bind(session, AOKI, None)
    assert one.get(f"{BACK}?{issuer.authorize(led(one), sub='another')}").status_code == 200


def test_an_account_that_has_a_password_is_not_for_whoever_comes_under_its_name(
    sso: Make, issuer: IssuerServer, board: Board
) -> None:
    one = sso()
    with transaction(board.engine) as session:
        set_password(session, AOKI, "$argon2id$of-somebody-else")
    answer = one.get(f"{BACK}?{issuer.authorize(led(one))}")
    assert answer.status_code == 403
    assert "signs in with a password" in answer.text
    with snapshot(board.engine) as session:
        assert account(session, AOKI).subject is None
    with transaction(board.engine) as session:
        set_password(session, AOKI, None)
    assert one.get(f"{BACK}?{issuer.authorize(led(one))}").status_code == 200


def test_newcomers_of_the_issuer_are_refused_unless_it_is_agreed(sso: Make, issuer: IssuerServer, board: Board) -> None:
    one = sso()
    answer = one.get(f"{BACK}?{issuer.authorize(led(one), preferred_username='sato')}")
    assert (answer.status_code, "sato has no account" in answer.text) == (403, True)
    with transaction(board.engine) as session:
        add_account(session, "sato", "viewer", None, now=NOW)
    assert one.get(f"{BACK}?{issuer.authorize(led(one), preferred_username='sato')}").status_code == 200


def test_a_newcomer_gets_an_account(
    sso_with: Callable[..., Make], issuer: IssuerServer, request: pytest.FixtureRequest
) -> None:
    one = sso_with(board='newcomers = "viewer"\n')()
    assert one.get(f"{BACK}?{issuer.authorize(led(one), preferred_username='sato')}").status_code == 200
    with snapshot(request.getfixturevalue("board").engine) as session:
        found = account(session, "sato")
    assert (found.role, found.subject) == ("viewer", f"{issuer.url} 248289761001")


@pytest.mark.parametrize("verified, status", [(True, 200), (False, 403), (None, 403), ("true", 403)])
def test_a_mail_address_counts_when_the_issuer_has_verified_it(
    verified: object, status: int, sso_with: Callable[..., Make], issuer: IssuerServer, request: pytest.FixtureRequest
) -> None:
    one = sso_with(more='claim = "email"\n')()
    with transaction(request.getfixturevalue("board").engine) as session:
        add_account(session, "sato@hoshino-denki.example", "admin", None, now=NOW)
    claims = {"email": "sato@hoshino-denki.example", "email_verified": verified}
    assert one.get(f"{BACK}?{issuer.authorize(led(one), **claims)}").status_code == status


def test_the_issuer_is_asked_under_the_egress_rule(
    sso_with: Callable[..., Make], issuer: IssuerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = sso_with(egress="")().get("/sign-in/oidc")
    assert answer.status_code == 502
    assert issuer.web.hits == []
    assert "egress.allow" in capsys.readouterr().err


def test_an_address_that_the_issuer_names_is_asked_under_the_egress_rule_too(sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    issuer.described = {"jwks_uri": "http://127.0.0.2:9/keys"}
    assert one.get(f"{BACK}?{issuer.authorize(led(one))}").status_code == 502
    assert one.cookies.keys() == set()


@pytest.mark.parametrize(
    "described",
    [
        {"issuer": "https://evil.test"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"token_endpoint": "file:///etc/passwd"},
        {"jwks_uri": 7},
    ],
    ids=str,
)
def test_a_description_that_cannot_be_trusted_leads_nowhere(
    described: dict[str, Any], sso: Make, issuer: IssuerServer
) -> None:
    issuer.described = described
    assert sso().get("/sign-in/oidc").status_code == 502


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"not json", kind="text/html"),
        Answer(body=b"[]", kind="application/json"),
        Answer(body=b"[" * 100_000, kind="application/json"),
        Answer(body=b'{"a": "' + b"x" * 2_000_000 + b'"}', kind="application/json"),
        Answer(status=302, headers={"Location": "http://127.0.0.1:1/"}),
        Answer(status=500),
    ],
)
def test_what_an_issuer_answers_is_bounded(answer: Answer, sso: Make, issuer: IssuerServer) -> None:
    issuer.web.pages["/.well-known/openid-configuration"] = answer
    assert sso().get("/sign-in/oidc").status_code == 502


def test_an_issuer_that_stays_silent_is_not_waited_for(
    sso: Make, issuer: IssuerServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert board_issuer.TIMEOUT.total_seconds() <= 10
    monkeypatch.setattr(board_issuer, "TIMEOUT", board_issuer.TIMEOUT / 20)
    issuer.web.pages["/.well-known/openid-configuration"] = Answer(pause=2)
    assert sso().get("/sign-in/oidc").status_code == 502


def test_the_issuer_is_described_once_for_many(sso: Make, issuer: IssuerServer) -> None:
    make = sso
    for _ in range(5):
        led(make())
    assert issuer.web.paths() == ["/.well-known/openid-configuration"]


def test_whoever_sends_made_up_codes_has_to_wait(sso: Make, issuer: IssuerServer) -> None:
    one = sso()
    state = parse_qs(urlsplit(led(one)).query)["state"][0]
    flow = one.cookies
    answers = []
    for _ in range(12):
        one.client.cookies.clear()
        one.client.cookies.update(flow)
        answers.append(one.get(f"{BACK}?code=made-up&state={state}").status_code)
    assert answers == [403] * 10 + [429] * 2
    assert len(issuer.tokens) == 10


def test_neither_secret_nor_code_nor_token_reaches_the_log(
    sso: Make, issuer: IssuerServer, capsys: pytest.CaptureFixture[str]
) -> None:
    one = sso()
    back = issuer.authorize(led(one), nonce="another")
    one.get(f"{BACK}?{back}")
    said = capsys.readouterr().err
    assert "a single sign-on was refused" in said
    code = parse_qs(back)["code"][0]
    assert not any(word in said for word in (SECRET, code, "eyJ", issuer.tokens[0]["code_verifier"][0]))


def test_without_single_sign_on_its_ways_lead_nowhere(somebody: Make) -> None:
    one = somebody()
    for path in ("/sign-in/oidc", BACK):
        assert one.get(path).status_code == 404
    assert continued(one, AOKI).status_code == 404


@pytest.mark.parametrize(
    "toml, says",
    [
        ('identity = "X-Forwarded-User"', "proxies"),
        ('identity = "X Forwarded"\nproxies = ["10.0.0.1"]', "identity"),
        ('proxies = ["10.0.3.7/24"]', "expected an address or a network"),
        ('proxies = ["proxy.test"]', "expected an address or a network"),
        ('newcomers = "viewer"', "single sign-on"),
        ('newcomers = "admin"\nproxies = ["10.0.0.1"]\nidentity = "X-User"', "newcomers"),
        ('certificate = "a.pem"', "belong together"),
        ('certificate = "a.pem"\nkey = "b.pem"\nurl = "http://mekiki.test"', "expected https://"),
        ('[board.oidc]\nissuer = "http://login.test"\nclient_id = "a"', "expected https://"),
        ('[board.oidc]\nissuer = "https://login.test"\nclient_id = "a"\nclient_secret = "in clear"', "env:NAME"),
    ],
)
def test_what_cannot_be_is_refused_when_the_configuration_is_read(toml: str, says: str, store: Store) -> None:
    store.config.write_text(f'[crawler]\ncontact = "brand@hoshino-denki.example"\n[board]\n{toml}\n', "utf-8")
    with pytest.raises(ConfigError, match="board"):
        load(store.config)
    with pytest.raises(ConfigError, match=says):
        load(store.config)
