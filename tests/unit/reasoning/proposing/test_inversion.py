"""Inverting a run reaches a branch: one row for each rule, without the prover's models."""

from __future__ import annotations

import pytest

from apimpolicy.reasoning.proposing.guided import Guided
from apimpolicy.reasoning.scenarios.goals import BRANCH
from apimpolicy.reasoning.scenarios.harness import Harness

H = 'context.Request.Headers.GetValueOrDefault("X", "")'
BODY = "context.Request.Body.As<JObject>(true)"
ROWS = {
    "equality": f'{H} == "a"',
    "inequality of numbers": f"int.Parse({H}) > 41",
    "arithmetic": f"(int.Parse({H}) * 3 - 1) % 5 == 2",
    "negation": f'!({H} != "a" || context.Request.Method == "GET")',
    "a conditional": f'({H} == "a" ? "x" : "y") == "x"',
    "parts of a text": f"{H}.Split('.')[1].Substring(2) == \"b\"",
    "a concatenation": f'("p-" + {H} + "-s") == "p-a-s"',
    "an interpolation": f'$"{{context.Request.Method}} {{{H}}}" == "GET a"',
    "ignoring case": f'{H}.Trim().ToUpper().StartsWith("KEY-")',
    "Base64": f'Encoding.UTF8.GetString(Convert.FromBase64String({H})) == "user"',
    "a hash": f'{H} == BitConverter.ToString(SHA256.Create().ComputeHash(Encoding.UTF8.GetBytes("a")))',
    "bytes of a hash": f"Convert.FromBase64String({H}).SequenceEqual(SHA1.Create().ComputeHash(new byte[] {{ 1 }}))",
    "a pattern": f'Regex.Match({H}, "^([a-z]+)-([0-9]+)$").Groups[2].Value == "17"',
    "JSON in Base64": f'(string)JObject.Parse(Encoding.UTF8.GetString(Convert.FromBase64String({H})))["a"]["b"] == "c"',
    "a member of a body": f'(int){BODY}["a"]["b"][1] == 7',
    "a token of JSON": f'{BODY}["a"].Type == JTokenType.Array',
    "an item of a list": f'{BODY}["a"].Any(each => (string)each["id"] == "b")',
    "the number of items": f'((JArray){BODY}["a"]).Count == 3',
    "XML": 'XElement.Parse(context.Request.Body.As<string>(true)).Element("a").Attribute("b").Value == "c"',
    "a date": f"DateTime.Parse({H}).AddDays(1) > new DateTime(2031, 6, 30)",
    "the clock": "DateTime.UtcNow.DayOfWeek == DayOfWeek.Saturday && DateTime.UtcNow.Hour == 3",
    "a variable": 'context.Variables.GetValueOrDefault<int>("v") == 3',
    "a token behind its scheme": f'{H}.Split(\' \').Last().AsJwt().Claims["scp"].Contains("read")',
    "a token at an index": f'{H}.Split(\' \')[1].AsJwt()?.Claims.GetValueOrDefault("scp", "") == "read"',
    "a token without its scheme": f'{H}.Replace("Bearer ", "").AsJwt()?.Subject == "anna"',
    "credentials": f'{H}.AsBasic().UserId == "admin"',
    "a dictionary": f'new Dictionary<string, string> {{ {{ "a", "1" }}, {{ "b", "2" }} }}[{H}] == "2"',
    "the hour of a request": "context.Timestamp.Hour == 5",
    "a part of a URL": f'new Uri({H}).AbsolutePath.StartsWith("/admin")',
    "an object that is built": f'(string)new JObject(new JProperty("a", {H}))["a"] == "b"',
    "a pair of a dictionary": f'{BODY}["a"].ToObject<Dictionary<string, string>>().Any(each => each.Value == "b")',
    "a list that is built": f"""{{ var made = new List<string>();
        foreach (var each in {H}.Split(\',\')) {{ if (each.StartsWith("k")) {{ made.Add(each); }} }}
        return made.Count > 0; }}""",
    "a copy of an array": f"""{{ var given = Convert.FromBase64String({H}); var part = new byte[2];
        Array.Copy(given, 1, part, 0, 2); return Encoding.UTF8.GetString(part) == "ok"; }}""",
    "properties": f'{BODY}.Properties().Any(each => each.Name.StartsWith("x-") && (int)each.Value > 4)',
    "children": f"""{{ foreach (var each in {BODY}["a"].Children<JProperty>()) {{
        if ((string)each.Value["b"] == "c") {{ return each.Name == "d"; }} }} return false; }}""",
    "a dictionary of a text": f"""{H}.Split(';').Select(each => each.Split('=')).Where(each => each.Length == 2)
        .ToDictionary(each => each[0].Trim(), each => each[1])["a"] == "b\"""",
    "a dictionary that a loop fills": f"""{{ var made = new Dictionary<string, string>();
        foreach (var each in {H}.Split(';')) {{ var at = each.IndexOf('=');
            if (at > 0) {{ made[each.Substring(0, at).Trim()] = each.Substring(at + 1); }} }}
        string found; return made.TryGetValue("plan", out found) && found == "gold"; }}""",
    "the size of a group": f"{H}.Split(',').GroupBy(each => each).Any(each => each.Count() > 2)",
    "the key of a group": f"{H}.Split(',').GroupBy(each => each.Trim()).Any(each => each.Key == \"a\")",
    "a member of an array": f"Array.Exists({H}.Split(','), each => each == \"a\")",
    "an item after a condition": f'{H}.Split(\';\').FirstOrDefault(each => each.StartsWith("t="))?.Substring(2) == "9"',
    "names of XML": """XDocument.Parse(context.Request.Body.As<string>(true)).Descendants()
        .Where(each => each.Name.LocalName == "a").First().Value == "b\"""",
    "two elements of XML": """{ var all = XDocument.Parse(context.Request.Body.As<string>(true)).Descendants();
        var a = all.Where(each => each.Name.LocalName == "a").First();
        return all.Where(each => each.Name.LocalName == "b").First() != a; }""",
    "an error that is caught": f"""{{ try {{ var made = {BODY}["a"] as JArray;
        if (made == null || made.Count == 0) {{ return false; }}
        return (string)made[0]["b"] == "c"; }} catch {{ return false; }} }}""",
    "another round of a loop": f"""{{ int most = -1; foreach (var each in {H}.Split(',')) {{
        if (each.Length > most) {{ most = each.Length; }} else if (each.StartsWith("a")) {{ return true; }} }}
        return false; }}""",
    "null as a token": f'{BODY}["a"].Type == JTokenType.Null',
    "a variable that is null": 'context.Variables["a"] == null',
    "headers in a variable": """{ var all = context.Request.Headers;
        return all.GetValueOrDefault("X", "").ToLower() == "a"; }""",
    "a text of JSON that is built": f'(string)JObject.Parse(new JObject {{ ["a"] = {H} }}.ToString())["a"] == "b"',
    "an array that is built": f"(int)JArray.FromObject(new[] {{ 1, {H}.Length }})[1] == 4",
    "an anonymous object": f'(string)JObject.Parse(JsonConvert.SerializeObject(new {{ a = {H} }}))["a"] == "b"',
    "a group of users": 'context.User != null && context.User.Groups.Any(each => each.Name == "admins")',
    "a method of several": 'context.Request.Method != "GET" && context.Request.Method != "POST"',
    "a random number": "new Random().Next(0, 100) == 77",
    "a random fraction": "new Random().NextDouble() < 0.1",
    "a seed": "new Random(context.RequestId.GetHashCode()).Next(100) < 5",
    "an address": f"System.Net.IPAddress.Parse({H}).GetAddressBytes()[0] == 10",
    "a GUID": f"Guid.TryParse({H}, out var id)",
    "a section of a switch": f"""{{ string[] all; switch ({H}) {{ case "a": all = new[] {{ "GET", "PUT" }}; break;
        default: return false; }} return all.Contains("PUT"); }}""",
    "a decimal": f'(decimal?){BODY}["a"] > 1000 && !((decimal){BODY}["a"] > 1001)',
    "a default from elsewhere": 'context.Request.Headers.GetValueOrDefault("X", context.Request.Method) == "PUT"'
    ' && !context.Request.Headers.ContainsKey("X")',
    "a header of several values": 'context.Request.Headers["X"].Length == 3 && context.Request.Headers["X"][1] == "a"',
    "any parameter": "context.Request.Url.Query.Any(each => each.Value.Length > 1)",
    "a template of an operation": 'context.Operation.UrlTemplate == "/a/{b}" && context.Operation.Method == "PUT"',
    "several texts that are joined": '(context.Operation.Name + "/" + context.Deployment.Region) == "a/b"',
    "a token that is tried": f'{H}.TryParseJwt(out Jwt token) && token.Issuer == "a" && token.Audiences.Contains("b")',
    "no prefix": f'{H}.Replace("p-", "") == "a" && !{H}.StartsWith("p-")',
    "the text of a number": f'{BODY}["a"].Count().ToString() == "3"',
    "the length of a path": "context.Request.Url.Path.Length > 30",
    "a text in JSON": f'{BODY}.ToString().Contains("secret")',
    "a path through statements": f"""{{ int number; if (!int.TryParse({H}, out number)) {{ return false; }}
        if (number < 5) {{ return false; }} return number == 9; }}""",
}


@pytest.mark.parametrize("name", ROWS)
def test_a_branch_is_reached(name: str) -> None:
    condition = ROWS[name] if ROWS[name].startswith("{") else f"({ROWS[name]})"
    document = (
        "<policies><inbound><choose>"
        f'<when condition=\'@{condition.replace(chr(39), "&apos;")}\'><set-variable name="w" value="1" /></when>'
        "</choose></inbound></policies>"
    )
    harness = Harness(document)
    (goal,) = (each for each in harness.goals.all if each.kind == BRANCH and "when" in harness.goals.name(each))
    assert Guided(harness, harness.run).search(goal, [{}], lambda: False, 60)


def test_a_value_is_followed_to_the_policy_that_set_it() -> None:
    document = """<policies><inbound>
        <set-header name="X-Kind"><value>@(context.Request.Method + "!")</value></set-header>
        <set-variable name="kind" value='@(context.Request.Headers["X-Kind"][0])' />
        <choose><when condition='@((string)context.Variables["kind"] == "PUT!")'><return-response /></when></choose>
        <send-request response-variable-name="r"><set-url>https://a.example</set-url></send-request>
        <choose><when condition='@((int)((IResponse)context.Variables["r"]).Body.As<JObject>()["n"] == 3)'>
            <set-variable name="w" value="1" /></when></choose>
    </inbound></policies>"""
    harness = Harness(document)
    guided = Guided(harness, harness.run)
    whens = [each for each in harness.goals.all if each.kind == BRANCH and "when" in harness.goals.name(each)]
    assert [guided.search(goal, [{}], lambda: False, 60) for goal in whens] == [True, True]


def test_a_value_is_repaired_that_a_policy_cannot_use() -> None:
    document = """<policies><outbound>
        <send-request response-variable-name="r">
            <set-url>@(context.Response.Headers["next"][0])</set-url></send-request>
        <choose><when condition='@(((IResponse)context.Variables["r"]).StatusCode == 202)'>
            <set-variable name="w" value="1" /></when></choose>
    </outbound></policies>"""
    harness = Harness(document)
    (goal,) = (each for each in harness.goals.all if each.kind == BRANCH and "when" in harness.goals.name(each))
    assert Guided(harness, harness.run).search(goal, [{}], lambda: False, 60)


SET = {
    "a path": '<rewrite-uri template="@("/v2" + context.Request.Url.Path)" />PATH == "/v2/a"',
    "a parameter": """<set-query-parameter name="q" exists-action="override">
        <value>@(context.Request.Method + "!")</value></set-query-parameter>QUERY == "PUT!\"""",
    "an address that passes": '<ip-filter action="allow"><address>10.1.2.3</address></ip-filter>PATH == "/a"',
    "a header that passes": """<check-header name="X" failed-check-httpcode="403" failed-check-error-message=""
        ignore-case="true"><value>a</value></check-header>PATH == "/a\"""",
}


@pytest.mark.parametrize("name", SET)
def test_what_policies_do_to_a_request_is_inverted(name: str) -> None:
    text = SET[name].replace("QUERY", 'context.Request.Url.Query.GetValueOrDefault("q", "")')
    policies, _, condition = text.replace("PATH", "context.Request.Url.Path").rpartition(">")
    document = f"""<policies><inbound>{policies}><choose><when condition="@({condition})">
        <set-variable name="w" value="1" /></when></choose></inbound></policies>"""
    harness = Harness(document)
    (goal,) = (each for each in harness.goals.all if each.kind == BRANCH and "when" in harness.goals.name(each))
    assert Guided(harness, harness.run).search(goal, [{}], lambda: False, 60)


def test_an_error_is_repaired_that_a_policy_ignores() -> None:
    document = """<policies><inbound>
        <send-request response-variable-name="r" ignore-error="true"><set-url>https://a.example</set-url>
            <set-method>POST</set-method><set-body>@(context.Request.Body.As&lt;string>(true))</set-body></send-request>
        <choose><when condition='@{
            var made = context.Variables.ContainsKey("r") ? (IResponse)context.Variables["r"] : null;
            return made != null &amp;&amp; made.StatusCode == 202; }'>
            <set-variable name="w" value="1" /></when></choose>
    </inbound></policies>"""
    harness = Harness(document)
    (goal,) = (each for each in harness.goals.all if each.kind == BRANCH and "when" in harness.goals.name(each))
    assert Guided(harness, harness.run).search(goal, [{}], lambda: False, 60)


def test_a_value_is_exchanged_for_another_that_a_check_admits() -> None:
    admitted = "".join(f"<value>{each}</value>" for each in ("gold", "silver", "tin"))
    whens = "".join(
        f'<when condition=\'@(context.Request.Headers["X-Tier"][0].Contains("{each}"))\'>'
        f'<set-variable name="w" value="1" /></when>'
        for each in ("gold", "silver")
    )
    harness = Harness(
        '<policies><inbound><check-header name="X-Tier" failed-check-httpcode="401" failed-check-error-message="no"'
        f' ignore-case="true">{admitted}</check-header><choose>{whens}<otherwise><return-response /></otherwise>'
        "</choose></inbound></policies>"
    )
    start = {("header", "x-tier", "there"): True, ("header", "x-tier"): "gold"}
    branches = [each for each in harness.goals.all if each.kind == BRANCH]
    guided = Guided(harness, harness.run)
    assert [guided.search(goal, [start], lambda: False, 60) for goal in branches] == [True, True, True]
