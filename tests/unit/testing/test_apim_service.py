"""Services in Python: with stand-ins they answer as the commands do, without, explanations say what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.services.test_deployments import CHECKED, OPEN, extract, within, written

from apimpolicy import Request, explain, load_gateway
from apimpolicy.cli import main
from apimpolicy.errors import ConfigurationError
from apimpolicy.testing.apim import Apim

CORPUS = Path(__file__).parents[3].parent / "shared" / "corpus" / "services"
FILES = extract(CHECKED.replace("<base />", "<base /><set-header name='x'><value>{{missing}}</value></set-header>", 1))
LOCKED = {**extract(OPEN), "apis/orders/apiInformation.json": extract(OPEN)["apis/orders/apiInformation.json"]}
LOCKED["apis/orders/apiInformation.json"] = LOCKED["apis/orders/apiInformation.json"].replace("false", "true")


def test_a_service_with_stand_ins_answers_as_the_command_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(written(tmp_path, FILES))
    main(["run", ".", "--get", "/orders"])
    status = int(capsys.readouterr().out.partition("HTTP/1.1 ")[2][:3])
    assert load_gateway(".", stand_ins=True).send("/orders").response.status_code == status == 401


@pytest.mark.skipif(not CORPUS.exists(), reason="the services of other people aren't here")
@pytest.mark.parametrize("folder", sorted(CORPUS.glob("*+*")), ids=lambda path: path.name)
def test_extracts_of_other_people(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for root in sorted({path.parent.parent.parent for path in folder.glob("**/apis/*/apiInformation.json")}):
        gateway = load_gateway(root, stand_ins=True)
        assert gateway.service is not None
        for api in gateway.service.apis[:3]:
            url = f"/{str(api.api.path).strip('/')}"
            main(["run", str(root), "--get", url])
            shown = capsys.readouterr().out.partition("HTTP/1.1 ")[2][:3]
            assert str(gateway.send(url).response.status_code) == shown


def test_placeholders_of_templates_are_read_when_a_policy_is_needed(tmp_path: Path) -> None:
    policy = OPEN.replace("<base />", '<base /><set-backend-service base-url="https://__HOST__/a" />', 1)
    gateway = load_gateway(written(tmp_path, extract(policy)), stand_ins=True)
    assert gateway.send("/orders").response.status_code == 200


@pytest.mark.parametrize(("files", "missing"), [(extract(CHECKED), "the issuer"), (LOCKED, "the subscription")])
def test_an_explanation_says_what_is_missing(files: dict[str, str], missing: str, tmp_path: Path) -> None:
    root = written(tmp_path, files)
    result = load_gateway(root).send(Request.get("/orders", headers={"Authorization": "Bearer x"}))
    assert result.response.status_code == 401
    assert f"Missing: {missing}" in str(explain(result)).replace("\n", " ")
    assert "stand_ins=True" in str(explain(result)).replace("\n", " ")
    assert "Missing" not in str(explain(load_gateway(root, stand_ins=True).send("/orders")))


def test_the_fixture_loads_a_service(tmp_path: Path) -> None:
    written(tmp_path, {**within("service", extract(OPEN)), "apimpolicy.toml": ""})
    apim = Apim(tmp_path).load("service")
    assert apim.get("/orders").status_code == 200
    assert len(apim.backend.requests) == 0  # the configuration beside the test answers
    assert [each.status_code for each in apim.results] == [200]
    with pytest.raises(ConfigurationError, match=r"apim\.load"):
        Apim(tmp_path / "service" / "apis").get("/orders")
