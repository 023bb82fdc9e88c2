// Choosing the request that is explained: the last one, a test case of the policy, or a new one.
import * as vscode from "vscode";
import type { LanguageClient } from "vscode-languageclient/node";
import { type Asked, CERTIFICATES, requestOf } from "./places";

interface Case {
  name: string;
  path: string;
  policies: string[];
}

interface Choice extends vscode.QuickPickItem {
  asked?: Asked;
  isNew?: boolean;
}

const last = new Map<string, Choice>();

/** The request for a policy, as the server takes it; undefined when a person gives up. */
export async function chooseRequest(client: LanguageClient, policy: string): Promise<Asked | undefined> {
  const cases = await client.sendRequest<Case[]>("workspace/executeCommand", {
    command: "apimpolicy.tests",
    arguments: [],
  });
  const before = last.get(policy);
  const choices: Choice[] = [
    ...(before ? [{ ...before, description: "the last one" }] : []),
    { label: "$(add) New request…", isNew: true },
    { label: "test cases", kind: vscode.QuickPickItemKind.Separator },
    ...cases
      .filter((found) => found.policies.includes(policy))
      .map((found) => ({
        label: found.name,
        description: vscode.workspace.asRelativePath(found.path),
        asked: { case: { path: found.path, name: found.name } },
      })),
  ];
  const chosen = await vscode.window.showQuickPick(choices, { title: "Which request?" });
  const made = chosen?.isNew ? await newRequest() : chosen;
  if (made?.asked) {
    last.set(policy, { label: made.label, asked: made.asked });
  }
  return made?.asked;
}

async function newRequest(): Promise<Choice | undefined> {
  const line = await vscode.window.showInputBox({ title: "New request (1/3)", prompt: "Method and URL", value: "GET /" });
  if (line === undefined) {
    return undefined;
  }
  const headers = await vscode.window.showInputBox({
    title: "New request (2/3)",
    prompt: "Headers, separated by semicolons",
    placeHolder: "Accept: application/json; X-Id: 1",
  });
  if (headers === undefined) {
    return undefined;
  }
  const certificate = await chooseCertificate();
  return certificate === undefined
    ? undefined
    : { label: line, asked: { request: requestOf(line, headers, certificate) } };
}

/** The name or the file of a client certificate; empty for none, undefined when a person gives up. */
async function chooseCertificate(): Promise<string | undefined> {
  const none = "No certificate";
  const file = "$(file) A file…";
  const title = "New request (3/3)";
  const options = { title, placeHolder: "The caller's client certificate" };
  const chosen = await vscode.window.showQuickPick([none, ...CERTIFICATES, file], options);
  if (chosen !== file) {
    return chosen === none ? "" : chosen;
  }
  const filters = { Certificates: ["pem", "cer", "crt", "der", "pfx", "p12"] };
  const [found] = (await vscode.window.showOpenDialog({ title, filters })) ?? [];
  return found?.fsPath;
}
