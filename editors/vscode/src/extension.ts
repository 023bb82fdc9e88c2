// The extension: starts the tool as a language server and as a debug adapter, and gives its commands places to show.
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, RevealOutputChannelOn } from "vscode-languageclient/node";
import { claimsOf, type Outcome, reasonOf, summary } from "./places";
import { Session } from "./session";
import { inPanel, showPage, showText, texts } from "./shown";
import { debugCase, testing } from "./testing";
import { findTool, installTool, offerTool, problemOf, showError } from "./tool";

const LANGUAGES = ["xml", "terraform", "bicep", "json", "markdown", "yaml"];

let tool: string | undefined;
let log: vscode.LogOutputChannel;
let session: Session<LanguageClient>;
let parts: vscode.Disposable[] = [];
let starts = 0;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  log = vscode.window.createOutputChannel("API Management policies", { log: true });
  session = new Session(client, (command, error) => void notStarted(command, error));
  /** A command that needs the tool; without it, it is looked for again, and offered. */
  const needing = (run: (command: string) => unknown) => async () => {
    if (tool === undefined) {
      await findAndStart(context);
    }
    return tool === undefined ? undefined : run(tool);
  };
  const commands: Record<string, (...args: never[]) => unknown> = {
    "apimpolicy.install": async () => start(await installTool(context, log)),
    "apimpolicy.restart": () => findAndStart(context),
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
  context.subscriptions.push(
    log,
    texts(),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("apimpolicy.command")) {
        void findAndStart(context);
      }
    }),
  );
  void findAndStart(context); // the editor goes on, also while a question stands there
}

export async function deactivate(): Promise<void> {
  parts.forEach((part) => part.dispose());
  await session.stop();
}

async function findAndStart(context: vscode.ExtensionContext): Promise<void> {
  await start((await findTool(context, log)) ?? (await offerTool(context, log)));
}

/** Starts the server of a command, in the place of the one that runs; without a command nothing runs any more. */
async function start(command: string | undefined): Promise<void> {
  const number = ++starts;
  parts.forEach((part) => part.dispose());
  parts = [];
  tool = undefined;
  if (command === undefined) {
    await session.stop();
    return;
  }
  const server = await session.start(command);
  if (server === undefined || number !== starts) {
    return; // it failed, or another start came after this one
  }
  tool = command;
  parts.push(
    testing(server),
    vscode.debug.registerDebugAdapterDescriptorFactory("apimpolicy", {
      createDebugAdapterDescriptor: () => new vscode.DebugAdapterExecutable(command, ["dap"]),
    }),
    vscode.debug.registerDebugConfigurationProvider("apimpolicy", { resolveDebugConfiguration: configuration }),
  );
}

function client(command: string): LanguageClient {
  const options: LanguageClientOptions = {
    documentSelector: [
      ...LANGUAGES.map((language) => ({ scheme: "file", language })),
      { scheme: "file", pattern: "**/*.test.toml" },
    ],
    markdown: { isTrusted: false },
    middleware: { executeCommand: shown },
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never, // `notStarted` tells it, once
    initializationFailedHandler: () => false,
  };
  return new LanguageClient("apimpolicy", "API Management policies", { command, args: ["lsp"] }, options);
}

/** Tells why the server did not start: what the command writes is more than what its connection knows. */
async function notStarted(command: string, error: unknown): Promise<void> {
  const problem = (await problemOf(command, "lsp", "--help")) ?? String(error);
  log.error(`${command} lsp did not start.\n${problem}`, error);
  await showError(`apimpolicy did not start (${command}): ${reasonOf(problem, String(error))}`, log);
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
