"""The configuration file: what it makes, and a sentence for every mistake."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from apimpolicy import Request
from apimpolicy.errors import ConfigurationError
from apimpolicy.project.configuration import load_configuration

if TYPE_CHECKING:
    from pathlib import Path


def test_everything_reaches_the_gateway(tmp_path: Path) -> None:
    (tmp_path / "f.xml").write_text("<fragment><set-method>PUT</set-method></fragment>")
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""
        negotiate-client-certificate = ["contoso.example"]
        now = 2026-01-01T00:00:00
        [named-values]
        number = 17
        flag = true
        [fragments]
        put = "f.xml"
        [backend]
        status = 418
        reason = "teapot"
        headers = {A = ["1", "2"]}
        body = "tea"
        [api]
        id = "orders"
        protocols = ["http", "https"]
        subscription-key-header = "X-Key"
        [operation]
        id = "get"
        url-template = "/orders/{id}"
        [product]
        id = "starter"
        state = "published"
        groups = ["Developers"]
        [subscription]
        primary-key = "k"
        start-date = 2025-01-01T00:00:00Z
        [user]
        id = "zoe"
        email = "zoe@contoso.example"
        identities = {Aad = "0001"}
        [deployment]
        region = "North Europe"
    """)
    configuration = load_configuration(str(path))
    assert configuration.named_values == {"number": "17", "flag": "true"}
    gateway = configuration.gateway()
    assert gateway.negotiates("contoso.example")
    assert not gateway.negotiates("other.example")
    assert gateway.deployment.region == "North Europe"
    policy = (
        '<policies><inbound><include-fragment fragment-id="put" /><set-header name="I"><value>'
        "@(context.Product.Groups.First().Name + context.User.Identities.First().Provider"
        ' + context.Request.MatchedParameters["id"] + {{number}} + context.Api.SubscriptionKeyParameterNames.Header)'
        "</value></set-header></inbound><backend><forward-request /></backend></policies>"
    )
    result = gateway.run(policy, "/orders/9")
    assert (result.response.status_code, result.response.reason, result.response.text) == (418, "teapot", "tea")
    assert result.response.headers.get_all("A") == ["1", "2"]
    assert result.backend_requests[0].method == "PUT"
    assert result.backend_requests[0].headers["I"] == "DevelopersAad917X-Key"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("a = = 1", "is not valid TOML"),
        ("a = " + "[" * 5000, "is not valid TOML"),
        ("trusted-root = []", "'trusted-root' is not a setting; did you mean 'trusted-roots'?"),
        ("trusted_roots = []", "did you mean 'trusted-roots'?"),
        ("zzz = 1", "'zzz' is not a setting; the keys here are"),
        ("trusted-roots = 1", "'trusted-roots' must be a list, not a whole number"),
        ("trusted-roots = [1]", "'trusted-roots[0]' must be a text"),
        ("negotiate-client-certificate = 1", "must be true or false"),
        ("now = 'today'", "'now' must be a date with a time"),
        ("backend = 1", "'backend' must be a table"),
        ("[backend]\nstatus = 99", "'backend.status' must be between 100 and 599"),
        ("[backend]\nstatus = true", "'backend.status' must be a whole number, not true or false"),
        ("[backend]\nbody = ''\njson = 1", "'backend' has both 'body' and 'json'"),
        ("[backend]\nfile = 'missing.json'", "missing.json: there is no such file"),
        ("[backend]\nheaders = {A = 1}", "'backend.headers.A' must be a text"),
        ("[certificates]\na = 1", "'certificates.a' must be a table"),
        ("[certificates]\na = 'missing.pem'", "missing.pem"),
        ("[certificates]\na = {password = 'x'}", "'certificates.a' needs a 'path'"),
        ("[certificates]\na = {path = 'x', pasword = 'x'}", "did you mean 'certificates.a.password'?"),
        ("[certificates]\na = {key-vault = 'kv'}", "names a Key Vault that is not in this file"),
        ("[named-values]\na = []", "the named value 'a' must be a text"),
        ("[api]\nnam = 'x'", "did you mean 'api.name'?"),
        ("[product]\nstate = 'x'", "'product.state' cannot be 'x'; it must be one of published, not-published"),
        ("revocation-lists = ['missing.crl']", "missing.crl: there is no such file"),
        ("[fragments]\nf = 'missing.xml'", "missing.xml, which does not exist"),
        ("external = ['backends']", "'external' has 'backends'; write a kind and a name or a pattern"),
        (
            "external = ['backend/*']",
            "'external' has the unknown kind 'backend'; valid kinds: apis, products, backends",
        ),
        ("external = [1]", "'external[0]' must be a text"),
        ("environments = 1", "'environments' must be a table"),
        ("[environments.prod.named-value]", "did you mean 'environments.prod.named-values'?"),
    ],
)
def test_mistakes(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(str(path)).gateway()
    assert sentence in str(caught.value)


def test_what_describes_the_api(tmp_path: Path) -> None:
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "orders.yaml").write_text("openapi: 3.1.0\ninfo: {title: Orders}\npaths: {}\n")
    (tmp_path / "order.json").write_text('{"type": "object"}')
    (tmp_path / "order.xsd").write_text('<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" />')
    (tmp_path / "schema.graphql").write_text("type Query { a: Int }")
    file = tmp_path / "apimpolicy.toml"
    file.write_text(
        'openapi = "api/orders.yaml"\nwsdl = "order.xsd"\ngraphql-schema = "schema.graphql"\n'
        '[schemas]\norder = "order.json"\nxml = "order.xsd"\n'
    )
    gateway = load_configuration(str(file)).gateway()
    documents = gateway.services.documents
    assert gateway.api is not None
    assert gateway.api.name == "Orders"
    assert documents.schemas["order"] == {"type": "object"}
    assert documents.schemas["xml"].startswith("<xs:schema")
    assert documents.description is not None
    assert documents.description.xml_schema is not None
    assert "Query" in documents.graphql_schema.type_map


def test_a_description_that_is_not_there(tmp_path: Path) -> None:
    file = tmp_path / "apimpolicy.toml"
    file.write_text('openapi = "nowhere.yaml"\n')
    with pytest.raises(ConfigurationError, match="cannot read the OpenAPI document"):
        load_configuration(str(file)).gateway()


def test_a_service_in_tables(tmp_path: Path) -> None:
    (tmp_path / "orders.xml").write_text(
        "<policies><inbound><base /><set-backend-service backend-id='pool' /></inbound></policies>"
    )
    (tmp_path / "global.xml").write_text(
        "<policies><inbound><set-header name='G'><value>1</value></set-header></inbound>"
        "<backend><forward-request /></backend></policies>"
    )
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""
        global-policy = "global.xml"
        [apis.orders]
        name = "Orders"
        path = "orders"
        policy = "orders.xml"
        [apis.orders.operations.get]
        url-template = "/{id}"
        [products.starter]
        apis = ["orders"]
        groups = ["Developers"]
        [subscriptions.partner]
        primary-key = "k1"
        product = "starter"
        user = "zoe"
        allow-tracing = true
        [users.zoe]
        email = "zoe@contoso.example"
        [backends.east]
        url = "https://east.internal"
        circuit-breaker = {failures = 1, statuses = ["500-599", 429]}
        [backends.pool]
        pool = ["east"]
    """)
    gateway = load_configuration(str(path)).gateway()
    result = gateway.send("/orders/17?subscription-key=k1")
    assert [request.url for request in result.backend_requests] == ["https://east.internal/17?subscription-key=k1"]
    assert result.backend_requests[0].headers["G"] == "1"
    assert result.exchange.context.user is not None
    assert result.exchange.context.user.email == "zoe@contoso.example"
    assert gateway.send("/orders/17").response.status_code == 401


def test_services_that_answer(tmp_path: Path) -> None:
    (tmp_path / "stock.json").write_text('{"left": 3}')
    path = tmp_path / "apimpolicy.toml"
    path.write_text("""
        now = 2026-01-01T00:00:00Z
        second-read = "again"
        refused-certificate-status = 403
        allows-new-body = true
        missing-section = "skip"
        loggers = ["log"]
        limits = {steps = 1000, seconds = 1}
        [backend]
        status = 202
        [[answers]]
        url = "https://stock.internal/*"
        file = "stock.json"
        delay = 2.5
        [[answers]]
        method = "post"
        url = "https://slow.internal/"
        raises = "timeout"
        [openid-providers.login]
        issuer = "https://login.contoso.example"
        audience = "orders"
        [openid-documents]
        "https://other.example/keys" = {keys = []}
        [entra-tenants.contoso]
        domain = "contoso.onmicrosoft.com"
        [managed-identity]
        tenant = "contoso"
        user-assigned = ["5b1c"]
        [[authorizations]]
        provider = "github"
        id = "bot"
        access-token = "gho_1"
        claims = {login = "bot"}
        [service-bus]
        queues = ["orders"]
        [content-safety]
        categories = {Hate = {bad = 4}}
        attacks = ["ignore all"]
        [embeddings]
        France = [1, 0.5]
        [sql]
        rows = [{id = 1}]
        [cosmos]
        answer = {id = "2"}
    """)
    gateway = load_configuration(str(path)).gateway()
    policy = """<policies><inbound>
        <authentication-managed-identity resource="https://vault.azure.net" client-id="5b1c" />
        <get-authorization-context provider-id="github" authorization-id="bot" context-variable-name="bot" />
        <send-request mode="new" response-variable-name="stock"><set-url>https://stock.internal/1</set-url></send-request>
        <send-request mode="new" response-variable-name="slow" ignore-error="true"><set-url>https://slow.internal/</set-url>
            <set-method>POST</set-method></send-request>
        <set-header name="Left"><value>@(((IResponse)context.Variables["stock"]).Body.As<string>())</value></set-header>
        <set-header name="Slow"><value>@((context.Variables["slow"] == null).ToString())</value></set-header>
        <log-to-eventhub logger-id="log">seen</log-to-eventhub>
        </inbound><backend><forward-request /></backend></policies>"""
    result = gateway.run(policy, Request.get("https://contoso.example/orders"))
    assert result.response.status_code == 202
    sent = result.backend_requests[0]
    assert (sent.headers["Left"], sent.headers["Slow"]) == ('{"left": 3}', "True")
    assert sent.headers["Authorization"].startswith("Bearer ")
    assert [event.text for event in gateway.event_hub("log").events] == ["seen"]
    assert gateway.refused_certificate_status == 403
    assert gateway.second_read == "again"
    assert gateway.missing_section == "skip"
    assert gateway.limits is not None
    assert (gateway.limits.steps, gateway.limits.seconds) == (1000, 1.0)
    assert gateway.services.embed("user: the capital of France") == [1.0, 0.5]
    with pytest.raises(ConfigurationError, match="none of the texts in 'embeddings' is in the prompt 'user: Spain'"):
        gateway.services.embed("user: Spain")
    sql = """<sql-data-source><connection-info><connection-string>x</connection-string></connection-info>
        <request><sql-statement>SELECT 1</sql-statement></request></sql-data-source>"""
    assert gateway.resolve(sql).json() == {"items": [{"id": 1}]}
    cosmos = """<cosmosdb-data-source><connection-info><connection-string>x</connection-string>
        <database-name>d</database-name><container-name>c</container-name></connection-info>
        <read-request><id>2</id></read-request></cosmosdb-data-source>"""
    assert gateway.resolve(cosmos).json() == {"id": "2"}


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[limits]\nstep = 1", "'limits.step' is not a setting; did you mean 'limits.steps'?"),
        ("[embeddings]\na = [1, true]", "'embeddings.a[1]' must be a whole number"),
        ("[embeddings]\na = [1]\nb = [1, 2]", "'embeddings' has vectors of different lengths"),
        ("[sql]\nrow = []", "'sql.row' is not a setting; did you mean 'sql.rows'?"),
        ("[cosmos]\nanswers = []", "'cosmos.answers' is not a setting; did you mean 'cosmos.answer'?"),
        ("[limits]\nseconds = 'long'", "'limits.seconds' must be a number"),
        ('second-read = "twice"', "'second-read' cannot be 'twice'; it must be one of empty, error, again"),
        ("refused-certificate-status = true", "'refused-certificate-status' must be a whole number"),
        ("[backends]\na = 5", "'backends.a' is a URL, or a table"),
        ("[backends.a]\nheaders = {}", "'backends.a' needs a 'url', or a 'pool'"),
        ('[backends.a]\nurl = "u"\nurls = 1', "'backends.a.urls' is not a setting; did you mean 'backends.a.url'?"),
        ('[backends.a]\nurl = "u"\ncircuit-breaker = {}', "'backends.a' cannot be: a circuit breaker has either"),
        (
            '[backends.a]\nurl = "u"\ncircuit-breaker = {failures = 1, statuses = ["5xx"]}',
            "'backends.a.circuit-breaker.statuses[0]' is a status, or a range",
        ),
        ("[backends.a]\npool = [{weight = 1}]", "'backends.a.pool[0]' needs an 'id'"),
        ('[backends.a]\npool = [{id = "b", weight = 101}]', "the weight of 'b' in a pool is from 0 to 100"),
        ('[backends.a]\npool = ["b"]', "the pool 'a' has the member 'b', which is not a backend"),
        ('[apis.a]\npath = "a"\npolicy = "none.xml"', "'apis.a.policy' names the file"),
        ('[apis.a]\nid = "a"', "'apis.a.id' is not a setting"),
        ('[apis.a]\nversioning = "guess"', "'apis.a' cannot be: the scheme of a version set is"),
        ("[apis]\na = 1", "'apis.a' must be a table"),
        ('[apis.a]\npath = "a"\n[apis.b]\npath = "A"', "the APIs 'a' and 'b' both answer for /A"),
        ('[products.p]\napis = ["a"]', "the product 'p' has the API 'a', which is not there"),
        (
            '[apis.a]\n[products.p]\napis = ["a"]\nsubscription-required = false\n'
            '[products.q]\napis = ["a"]\nsubscription-required = false',
            "in two products that need no subscription",
        ),
        ('[subscriptions.s]\nproduct = "p"', "the subscription 's' is for the product 'p', which is not there"),
        ('[subscriptions.s]\nproduct = "p"\napi = "a"', "'subscriptions.s' has both 'product' and 'api'"),
        ('[subscriptions.s]\nuser = "u"', "'subscriptions.s.user' names the user 'u'"),
        ('[subscriptions.s]\nstate = "gone"', "'subscriptions.s.state' cannot be 'gone'; it must be one of active"),
        ('[subscriptions.s]\nprimary-key = "k"\n[subscriptions.t]\nsecondary-key = "k"', "have the same key"),
        ('service = "none"', "there is no service in the folder"),
        ('[[answers]]\nraises = "hands"', "'answers[0]' cannot be: an answer raises one of"),
        ("[[answers]]\nstatus = 99", "'answers[0].status' must be between 100 and 599"),
        ("[[answers]]\nurls = 1", "'answers[0].urls' is not a setting"),
        ("[openid-providers.p]\nurl = 'u'", "'openid-providers.p.issuer' is missing"),
        ('[managed-identity]\ntenant = "t"', "'managed-identity.tenant' names the tenant 't'"),
        ("[[authorizations]]\nid = 'a'", "'authorizations[0].provider' is missing"),
        ("[service-bus]\nqueue = []", "'service-bus.queue' is not a setting; did you mean 'service-bus.queues'?"),
    ],
)
def test_mistakes_about_services(tmp_path: Path, text: str, sentence: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(text)
    with pytest.raises(ConfigurationError) as raised:
        load_configuration(str(path)).gateway()
    assert sentence in str(raised.value)


@pytest.mark.parametrize(
    ("given", "groups"),
    [
        ('["Developers"]', [("developers", "Developers")]),
        ('"Developers"', [("developers", "Developers")]),
        ('[{id = "g-1", name = "Developers"}, {name = "Guests"}]', [("g-1", "Developers"), ("guests", "Guests")]),
        ('[{id = "g-1"}, "Administrators"]', [("g-1", "g-1"), ("administrators", "Administrators")]),
    ],
)
def test_groups_by_their_names_or_with_ids_of_their_own(
    tmp_path: Path, given: str, groups: list[tuple[str, str]]
) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(f'[user]\nid = "zoe"\ngroups = {given}\n', encoding="utf-8")
    user = load_configuration(str(path)).gateway().user
    assert user is not None
    assert [(group.id, group.name) for group in user.groups] == groups


@pytest.mark.parametrize(("given", "said"), [("[{}]", "a group has an 'id' or a 'name'"), ("[3]", "must be a text")])
def test_groups_that_are_none(tmp_path: Path, given: str, said: str) -> None:
    path = tmp_path / "apimpolicy.toml"
    path.write_text(f'[user]\nid = "zoe"\ngroups = {given}\n', encoding="utf-8")
    with pytest.raises(ConfigurationError, match=said):
        load_configuration(str(path)).gateway()
