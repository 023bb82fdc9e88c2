// The extension: starts the tool as a language server and as a debug adapter, and gives its commands places to show.
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions } from "vscode-languageclient/node";
import { claimsOf, type Outcome, summary } from "./places";
import { inPanel, showPage, showText, texts } from "./shown";
import { debugCase, testing } from "./testing";
import { findTool, installTool, offerTool } from "./tool";

const LANGUAGES = ["xml", "terraform", "bicep", "json", "markdown", "yaml"];

let tool: string | undefined;
let client: LanguageClient | undefined;
let parts: vscode.Disposable[] = [];

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  /** A command that needs the tool; without it, it is offered first. */
  const needing = (run: (command: string) => unknown) => async () => {
    if (tool === undefined) {
      await start(await offerTool(context));
    }
    return tool === undefined ? undefined : run(tool);
  };
  const commands: Record<string, (...args: never[]) => unknown> = {
    "apimpolicy.install": async () => start(await installTool(context)),
    "apimpolicy.restart": async () => start(await findTool(context)),
    "apimpolicy.debugTest": debugCase,
    "apimpolicy.check": needing((command) => inPanel(command, "check", ".")),
    "apimpolicy.coverage": needing((command) => inPanel(command, "test", "--coverage")),
    "apimpolicy.prove": needing(prove),
    "apimpolicy.explainFile": needing(() => ask("apimpolicy.explain")),
    "apimpolicy.showJourney": needing(() => ask("apimpolicy.journey")),
  };
  for (const [name, command] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, command));
  }
  context.subscriptions.push(texts());
  const command = await findTool(context);
  if (command === undefined) {
    void offerTool(context).then(start); // the editor goes on while the question stands there
  } else {
    await start(command);
  }
}

export async function deactivate(): Promise<void> {
  await stop();
}

async function stop(): Promise<void> {
  parts.forEach((part) => part.dispose());
  parts = [];
  await client?.stop();
  client = undefined;
}

async function start(command: string | undefined): Promise<void> {
  await stop();
  tool = command;
  if (command === undefined) {
    return;
  }
  const options: LanguageClientOptions = {
    documentSelector: LANGUAGES.map((language) => ({ scheme: "file", language })),
    markdown: { isTrusted: false },
    middleware: { executeCommand: shown },
  };
  client = new LanguageClient("apimpolicy", "API Management policies", { command, args: ["lsp"] }, options);
  await client.start();
  parts.push(testing(client));
  parts.push(
    vscode.debug.registerDebugAdapterDescriptorFactory("apimpolicy", {
      createDebugAdapterDescriptor: () => new vscode.DebugAdapterExecutable(command, ["dap"]),
    }),
    vscode.debug.registerDebugConfigurationProvider("apimpolicy", { resolveDebugConfiguration: configuration }),
  );
}

/** A configuration for the adapter; without one, that of the file that is open. */
function configuration(
  _: vscode.WorkspaceFolder | undefined,
  given: vscode.DebugConfiguration,
): vscode.DebugConfiguration {
  if (!given.type) {
    const policy = vscode.window.activeTextEditor?.document.uri.fsPath;
    return { type: "apimpolicy", request: "launch", name: "Debug this policy", policy, url: "/" };
  }
  return given;
}

/** Puts what a command of the server gives where a person sees it. */
async function shown(
  command: string,
  args: unknown[],
  next: (command: string, args: unknown[]) => vscode.ProviderResult<unknown>,
): Promise<unknown> {
  const result = await next(command, args);
  if (command === "apimpolicy.newTest" && result) {
    const { uri } = result as { uri: string };
    await vscode.window.showTextDocument(vscode.Uri.parse(uri));
  } else if (command === "apimpolicy.explain" && typeof result === "string") {
    await showText(result);
  } else if (command === "apimpolicy.journey" && typeof result === "string") {
    showPage(result);
  } else if (command === "apimpolicy.runTests") {
    const { cases, problem } = result as { cases: Outcome[]; problem: string };
    void vscode.window.showInformationMessage(summary(cases, problem));
  }
  return result;
}

/** Runs a command of the server for the policy that is open, with a URL that a person types. */
async function ask(command: string): Promise<void> {
  const policy = vscode.window.activeTextEditor?.document.uri.fsPath;
  const url = policy && (await vscode.window.showInputBox({ prompt: "The URL to request", value: "/" }));
  if (policy && url) {
    await vscode.commands.executeCommand(command, policy, "--get", url);
  }
}

function prove(command: string): Promise<void> {
  return inPanel(command, "prove", claimsOf(vscode.window.activeTextEditor?.document.uri.fsPath, existsSync));
}
