import assert from "node:assert/strict";
import test from "node:test";
import { candidates, claimsOf, commandIn, isTestFile, type Outcome, packageOf, pythonIn, summary, told } from "../src/places";

const outcome = (status: Outcome["status"]): Outcome => ({ name: "a", path: "a.test.yaml", line: 1, status, message: "" });

test("the tool of the workspace comes before the extension's own and that of the PATH", () => {
  assert.deepEqual(candidates(["/project"], "/own", "other"), [
    "/project/.venv/bin/apimpolicy",
    "/own/bin/apimpolicy",
    "apimpolicy",
  ]);
});

test("what is installed has a version", () => {
  assert.equal(packageOf("", "1.2.3"), "apimpolicy @ git+https://github.com/apimpolicy/apimpolicy@v1.2.3");
  assert.equal(packageOf("/a/folder", "1.2.3"), "/a/folder");
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
