// The extension: starts the tool as a language server and as a debug adapter, and gives its commands places to show.
import { existsSync } from "node:fs";
import * as vscode from "vscode";
import { LanguageClient, type LanguageClientOptions, RevealOutputChannelOn } from "vscode-languageclient/node";
import { assistant } from "./assistant";
import { type Asked, claimsOf, type Outcome, reasonOf, summary } from "./places";
import { hasLenses, isExcluded } from "./quiet";
import { chooseRequest } from "./requests";
import { Session } from "./session";
import { inPanel, showPage, showText, texts } from "./shown";
import { Status } from "./status";
import { debugCase, testing } from "./testing";
import { findTool, installTool, offerTool, problemOf, setCommand, showError } from "./tool";

const LANGUAGES = ["xml", "terraform", "bicep", "json", "markdown", "yaml"];

let tool: string | undefined;
let log: vscode.LogOutputChannel;
let session: Session<LanguageClient>;
let running: LanguageClient | undefined;
let status: Status;
let parts: vscode.Disposable[] = [];
let starts = 0;

export async function activate(context: vscode.ExtensionContext): Promise<void> {
  log = vscode.window.createOutputChannel("API Management policies", { log: true });
  status = new Status(LANGUAGES);
  session = new Session(client, (command, error) => void notStarted(command, error));
  /** A command that needs the tool; without it, it is looked for again, and offered. */
  const needing = (run: (command: string) => unknown) => async () => {
    if (tool === undefined) {
      await findAndStart(context, true);
    }
    return tool === undefined ? undefined : run(tool);
  };
  const commands: Record<string, (...args: never[]) => unknown> = {
    "apimpolicy.install": async () => start(await installTool(context, log)),
    "apimpolicy.restart": () => findAndStart(context),
    "apimpolicy.debugTest": debugCase,
    "apimpolicy.check": needing(checkAll),
    "apimpolicy.showOutput": () => log.show(),
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
    status,
    texts(),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (event.affectsConfiguration("apimpolicy.command")) {
        void findAndStart(context);
      }
      if (event.affectsConfiguration("apimpolicy.lenses") || event.affectsConfiguration("apimpolicy.exclude")) {
        void findAndStart(context); // what is shown already is asked for anew
      }
    }),
  );
  void findAndStart(context); // the editor goes on, also while a question stands there
}

export async function deactivate(): Promise<void> {
  parts.forEach((part) => part.dispose());
  await session.stop();
}

async function findAndStart(context: vscode.ExtensionContext, isWanted = false): Promise<void> {
  const version = String(context.extension.packageJSON.version);
  const found = await findTool(context, log);
  if (found === undefined && running !== undefined) {
    return; // the settings name no other tool: keep the one that runs
  }
  await start(found ?? (await offerTool(context, log, isWanted)), version);
}

/** Starts the server of a command, in the place of the one that runs; without a command nothing runs any more. */
async function start(command: string | undefined, version = ""): Promise<void> {
  const number = ++starts;
  parts.forEach((part) => part.dispose());
  parts = [];
  tool = running = undefined;
  if (command === undefined) {
    status.none();
    await session.stop();
    return;
  }
  status.starting();
  const problem = command === setCommand() ? await problemOf(command, "lsp", "--help") : undefined;
  if (number !== starts) {
    return;
  }
  if (problem !== undefined) {
    await session.stop();
    await notStarted(command, new Error(problem));
    return;
  }
  const server = await session.start(command);
  if (server === undefined || number !== starts) {
    return; // it failed, or another start came after this one
  }
  tool = command;
  running = server;
  status.running(command);
  parts.push(
    ...assistant(command, version),
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
    middleware: {
      executeCommand: shown,
      handleDiagnostics: (uri, diagnostics, next) => next(uri, isExcluded(uri) ? [] : diagnostics),
      provideCodeLenses: (document, token, next) => (hasLenses(document.uri) ? next(document, token) : []),
    },
    outputChannel: log,
    revealOutputChannelOn: RevealOutputChannelOn.Never, // `notStarted` tells it, once
    initializationFailedHandler: () => false,
  };
  return new LanguageClient("apimpolicy", "API Management policies", { command, args: ["lsp"] }, options);
}

/** Tells why the server did not start: what the command writes is more than what its connection knows. */
async function notStarted(command: string, error: unknown): Promise<void> {
  const problem = (await problemOf(command, "lsp", "--help")) ?? String(error);
  status.failed();
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
  let result: unknown;
  try {
    result = await next(command, args);
  } catch (error) {
    await failed(command, error);
    return undefined;
  }
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

/** Tells once why a command failed; errors of a policy are diagnostics already. */
async function failed(command: string, error: unknown): Promise<void> {
  const message = error instanceof Error ? error.message : String(error);
  log.error(`${command}: ${message}`);
  const isAboutPolicy = message.includes("see its diagnostics");
  const action = isAboutPolicy ? "Show problems" : "Show output";
  const show = isAboutPolicy ? vscode.window.showWarningMessage : vscode.window.showErrorMessage;
  if ((await show(message.split("\n")[0] ?? message, action)) === action) {
    await (isAboutPolicy ? showProblems() : log.show());
  }
}

/** Runs a command of the server for the policy that is open, with a request that a person chooses. */
async function ask(command: string): Promise<void> {
  const policy = vscode.window.activeTextEditor?.document.uri.fsPath;
  const asked: Asked | undefined = policy && running ? await chooseRequest(running, policy) : undefined;
  if (policy && asked) {
    await vscode.commands.executeCommand(command, policy, asked);
  }
}

/** Fills the view of problems with what is found in all policies. */
async function checkAll(): Promise<void> {
  await vscode.commands.executeCommand("apimpolicy.checkAll");
  await showProblems();
}

function showProblems(): Thenable<unknown> {
  return vscode.commands.executeCommand("workbench.actions.view.problems");
}

function prove(command: string): Promise<void> {
  return inPanel(command, "prove", claimsOf(vscode.window.activeTextEditor?.document.uri.fsPath, existsSync));
}
