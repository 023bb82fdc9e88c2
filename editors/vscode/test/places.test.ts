import assert from "node:assert/strict";
import test from "node:test";
import { candidates, claimsOf, commandIn, isTestFile, type Outcome, packageOf, pythonIn, reasonOf, requestOf, resolved, summary, told } from "../src/places";

const outcome = (status: Outcome["status"]): Outcome => ({ name: "a", path: "a.test.yaml", line: 1, status, message: "" });

test("the tool of the workspace comes before the extension's own and that of the PATH", () => {
  assert.deepEqual(candidates(["/project"], "/own", "other"), [
    "/project/.venv/bin/apimpolicy",
    "/own/bin/apimpolicy",
    "apimpolicy",
  ]);
});

test("what is installed has a version", () => {
  assert.equal(packageOf("", "1.2.3"), "apimpolicy[mcp,prove] @ git+https://github.com/apimpolicy/apimpolicy@v1.2.3");
  assert.equal(packageOf("", "1.2.3", "abc"), "apimpolicy[mcp,prove] @ git+https://github.com/apimpolicy/apimpolicy@abc");
  assert.equal(packageOf("/a/folder", "1.2.3"), "/a/folder");
});

test("settings may have variables", () => {
  const folders = [{ name: "api", path: "/srv/api" }, { name: "infra", path: "/srv/infra" }];
  const values = { BIN: "/opt/bin" };
  assert.equal(resolved("${workspaceFolder}/.venv/bin/apimpolicy", folders, "/home/a", values), "/srv/api/.venv/bin/apimpolicy");
  assert.equal(resolved("${workspaceFolder:infra}/a", folders, "/home/a", values), "/srv/infra/a");
  assert.equal(resolved("${userHome}/${env:BIN}/${env:NONE}", folders, "/home/a", values), "/home/a//opt/bin/");
  assert.equal(resolved("${workspaceFolder}/a", [], "/home/a", values), "${workspaceFolder}/a");
});

test("a request is what a person types", () => {
  assert.deepEqual(requestOf("/orders", "", ""), { method: "GET", url: "/orders" });
  assert.deepEqual(requestOf("post /orders?x=1", "Accept: text/plain; X-Id : 1", "partner"), {
    method: "POST",
    url: "/orders?x=1",
    headers: { Accept: "text/plain", "X-Id": "1" },
    certificate: "partner",
  });
});

test("an installation that fails shows pip's error and not its epilogue", () => {
  const missing = [
    "ERROR: Could not find a version that satisfies the requirement apimpolicy==9 (from versions: none)",
    "ERROR: No matching distribution found for apimpolicy==9",
    "",
    "[notice] A new release of pip is available: 23.0.1 -> 24.0",
    "[notice] To update, run: pip install --upgrade pip",
  ];
  assert.match(reasonOf(missing.join("\n"), ""), /^Could not find a version that satisfies/);
  const git = "  fatal: unable to access 'https://github.com/': Could not resolve host\n  error: subprocess-exited-with-error\n  × git clone did not run successfully.\nnote: This is an issue with the package";
  assert.match(reasonOf(git, ""), /^unable to access/);
  assert.equal(reasonOf("error: subprocess-exited-with-error\r\n\r\n  × Building wheel failed.\r\n", ""), "Building wheel failed.");
  assert.equal(reasonOf("Traceback:\nModuleNotFoundError: No module named 'yaml'\n", ""), "ModuleNotFoundError: No module named 'yaml'");
  assert.equal(reasonOf("", "spawn ENOENT"), "spawn ENOENT");
});

test("environments of Windows have other folders", () => {
  assert.match(commandIn("env", "win32"), /Scripts.apimpolicy\.exe$/);
  assert.match(pythonIn("env", "win32"), /Scripts.python\.exe$/);
});

test("a run is told in one sentence", () => {
  assert.equal(summary([outcome("passed")], ""), "1 test case passed");
  assert.equal(summary([outcome("passed"), outcome("passed"), outcome("skipped")], ""), "2 test cases passed, 1 skipped");
  assert.equal(summary([outcome("failed"), outcome("error"), outcome("passed")], ""), "2 of 3 test cases failed");
  assert.equal(summary([], "no cases"), "no cases");
});

test("claims stand in the test file that is open, or beside the policy", () => {
  assert.equal(claimsOf("/a/orders.test.yaml", () => false), "/a/orders.test.yaml");
  assert.equal(claimsOf("/a/orders.xml", (file) => file === "/a/orders.test.yml"), "/a/orders.test.yml");
  assert.equal(claimsOf("/a/orders.xml", () => false), ".");
  assert.equal(claimsOf(undefined, () => true), ".");
});

test("test files are known by their names", () => {
  assert.ok(isTestFile("orders.test.yaml"));
  assert.ok(!isTestFile("orders.yaml"));
});

test("the output of a run tells what a case differs in", () => {
  assert.equal(told("a", { ...outcome("failed"), message: "expected 200\ngot 500\n" }), "failed  a\r\n  expected 200\r\n  got 500\r\n");
  assert.equal(told("a", undefined), "did not run  a\r\n");
});
