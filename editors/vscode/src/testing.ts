// The testing view: the cases of test files, as the language server knows them, to run and to debug.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { told, type Outcome } from "./places";

type Case = Pick<Outcome, "name" | "path" | "line">;

/** A policy, a branch or a condition, with the cases that saw each of its outcomes. */
interface Branch {
  kind: string;
  line: number;
  column: number;
  outcomes: Record<string, string[]>;
}

interface Result {
  cases: Outcome[];
  problem: string;
  coverage: { path: string; branches: Branch[] }[];
}

/** A controller whose items follow the test files. */
export function testing(client: LanguageClient): vscode.Disposable {
  const controller = vscode.tests.createTestController("apimpolicy", "API Management policies");
  const refresh = () => fill(client, controller);
  const run = (request: vscode.TestRunRequest) => runCases(client, controller, request);
  controller.createRunProfile("Run", vscode.TestRunProfileKind.Run, run, true);
  const details = new WeakMap<vscode.FileCoverage, vscode.StatementCoverage[]>();
  const cover = (request: vscode.TestRunRequest) => runCases(client, controller, request, details);
  const coverage = controller.createRunProfile("Coverage", vscode.TestRunProfileKind.Coverage, cover);
  coverage.loadDetailedCoverage = async (_, file) => details.get(file) ?? [];
  controller.createRunProfile("Debug", vscode.TestRunProfileKind.Debug, (request) => debugCases(controller, request));
  controller.refreshHandler = refresh;
  const watcher = vscode.workspace.createFileSystemWatcher("**/*.test.{yaml,yml,toml,json}");
  watcher.onDidChange(refresh);
  watcher.onDidCreate(refresh);
  watcher.onDidDelete(refresh);
  void refresh();
  return vscode.Disposable.from(controller, watcher);
}

async function ask<T>(client: LanguageClient, command: string, ...args: unknown[]): Promise<T> {
  return client.sendRequest("workspace/executeCommand", { command, arguments: args });
}

async function fill(client: LanguageClient, controller: vscode.TestController): Promise<void> {
  const cases = await ask<Case[]>(client, "apimpolicy.tests");
  const files = new Map<string, vscode.TestItem>();
  for (const found of cases) {
    const uri = vscode.Uri.file(found.path);
    let file = files.get(found.path);
    if (file === undefined) {
      file = controller.createTestItem(found.path, vscode.workspace.asRelativePath(uri), uri);
      files.set(found.path, file);
    }
    const item = controller.createTestItem(`${found.path}\n${found.name}`, found.name, uri);
    item.range = new vscode.Range(found.line - 1, 0, found.line - 1, 0);
    file.children.add(item);
  }
  controller.items.replace([...files.values()]);
}

function chosen(controller: vscode.TestController, request: vscode.TestRunRequest): vscode.TestItem[] {
  const found: vscode.TestItem[] = [];
  const add = (item: vscode.TestItem) => {
    if (request.exclude?.includes(item)) {
      return;
    }
    if (item.children.size === 0) {
      found.push(item);
    }
    item.children.forEach(add);
  };
  if (request.include) {
    request.include.forEach(add);
  } else {
    controller.items.forEach(add);
  }
  return found;
}

async function runCases(
  client: LanguageClient,
  controller: vscode.TestController,
  request: vscode.TestRunRequest,
  details?: WeakMap<vscode.FileCoverage, vscode.StatementCoverage[]>,
): Promise<void> {
  const items = chosen(controller, request);
  const run = controller.createTestRun(request);
  items.forEach((item) => run.started(item));
  try {
    const paths = [...new Set(items.map((item) => item.uri?.fsPath ?? ""))];
    const names = request.include ? items.map((item) => item.label) : [];
    const result = await ask<Result>(client, "apimpolicy.runTests", paths, ...names);
    const outcomes = new Map(result.cases.map((found) => [`${found.path}\n${found.name}`, found]));
    for (const item of items) {
      const outcome = outcomes.get(item.id);
      run.appendOutput(told(item.label, outcome), undefined, item);
      if (outcome === undefined) {
        run.errored(item, new vscode.TestMessage(result.problem || "the case did not run"));
      } else if (outcome.status === "passed") {
        run.passed(item);
      } else if (outcome.status === "skipped") {
        run.skipped(item);
      } else {
        run.failed(item, failure(item, outcome.message));
      }
    }
    for (const { path, branches } of details === undefined ? [] : result.coverage) {
      const statements = branches.map(statement);
      const file = vscode.FileCoverage.fromDetails(vscode.Uri.file(path), statements);
      details?.set(file, statements);
      run.addCoverage(file);
    }
  } finally {
    run.end();
  }
}

/** The coverage of a policy, or of a branch or condition with its outcomes. */
function statement({ kind, line, column, outcomes }: Branch): vscode.StatementCoverage {
  const place = new vscode.Position(line - 1, column - 1);
  const seen = new Set(Object.values(outcomes).flat()).size;
  const branches = Object.entries(outcomes).map(
    ([outcome, cases]) => new vscode.BranchCoverage(cases.length, place, outcome),
  );
  return new vscode.StatementCoverage(seen, place, kind === "policy" ? [] : branches);
}

/** What a failed case says, shown at the case. */
function failure(item: vscode.TestItem, text: string): vscode.TestMessage {
  const message = new vscode.TestMessage(text);
  if (item.uri && item.range) {
    message.location = new vscode.Location(item.uri, item.range);
  }
  return message;
}

async function debugCases(controller: vscode.TestController, request: vscode.TestRunRequest): Promise<void> {
  for (const item of chosen(controller, request)) {
    await debugCase(item.uri?.fsPath ?? "", item.label);
  }
}

/** Starts the debugger with one case. */
export async function debugCase(path: string, name: string): Promise<void> {
  await vscode.debug.startDebugging(undefined, {
    type: "apimpolicy",
    request: "launch",
    name,
    test: path,
    case: name,
  });
}
