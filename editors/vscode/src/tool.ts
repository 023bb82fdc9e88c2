// Where the command `apimpolicy` is, and how it comes onto a machine that does not have it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { homedir } from "node:os";
import * as path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { candidates, commandIn, packageOf, type Platform, pythonIn, pythons, reasonOf, resolved } from "./places";

/** The commit that the extension was built from (`build.mjs`); empty outside of a release. */
declare const COMMIT: string;

const execute = promisify(execFile);
const PLATFORM: Platform = process.platform === "win32" ? "win32" : "other";

function setting(name: string): string {
  const folders = (vscode.workspace.workspaceFolders ?? []).map(({ name, uri }) => ({ name, path: uri.fsPath }));
  const text = vscode.workspace.getConfiguration("apimpolicy").get<string>(name) ?? "";
  return resolved(text, folders, homedir(), process.env);
}

/** The command of the setting, which nobody has tried yet; empty without one. */
export function setCommand(): string {
  return setting("command");
}

/** The command of the setting, the workspace, the extension's own environment or the PATH; undefined without any. */
export async function findTool(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string | undefined> {
  const set = setCommand();
  if (set) {
    return set;
  }
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  for (const command of candidates(folders, ownEnvironment(context), PLATFORM)) {
    if (path.isAbsolute(command) && !existsSync(command)) {
      continue;
    }
    const problem = await problemOf(command, "lsp", "--help");
    if (problem === undefined) {
      return command;
    }
    log.warn(`${command} can't be used: ${problem}`);
  }
  return undefined;
}

/** What a command that does not run writes; undefined when it runs. */
export async function problemOf(command: string, ...args: string[]): Promise<string | undefined> {
  try {
    await execute(command, args, { timeout: 20_000 });
    return undefined;
  } catch (error) {
    return written(error) || String(error);
  }
}

/** Everything that a command wrote before it failed. */
function written(error: unknown): string {
  const { stdout, stderr } = error as { stdout?: string; stderr?: string };
  return [stdout, stderr].filter(Boolean).join("\n").trim();
}

function ownEnvironment(context: vscode.ExtensionContext): string {
  return path.join(context.globalStorageUri.fsPath, "venv");
}

/** Installs the tool, of the extension's version, into the extension's own environment; its command, or undefined after a message. */
export async function installTool(context: vscode.ExtensionContext, log: vscode.LogOutputChannel): Promise<string | undefined> {
  const environment = ownEnvironment(context);
  const wanted = packageOf(setting("package"), String(context.extension.packageJSON.version), COMMIT);
  const install = { maxBuffer: 64 * 1024 * 1024 };
  const options = { location: vscode.ProgressLocation.Notification, title: "Installing apimpolicy" };
  try {
    await vscode.window.withProgress(options, async (progress) => {
      progress.report({ message: "making an environment" });
      await execute(await findPython(), ["-I", "-m", "venv", environment]);
      progress.report({ message: "installing the package" });
      await execute(pythonIn(environment, PLATFORM), ["-I", "-m", "pip", "install", "--upgrade", wanted], install);
    });
    return commandIn(environment, PLATFORM);
  } catch (error) {
    log.error(`Installing ${wanted} failed.\n${written(error)}`, error);
    void showError(`apimpolicy could not be installed: ${reasonOf(written(error), String(error))}`, log);
    return undefined;
  }
}

async function findPython(): Promise<string> {
  for (const command of pythons(PLATFORM)) {
    if ((await problemOf(command, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))")) === undefined) {
      return command;
    }
  }
  throw new Error("Python 3.11 or newer was not found");
}

/** Shows an error, with ways to what was written and to the settings. */
export async function showError(message: string, log: vscode.LogOutputChannel): Promise<void> {
  const choice = await vscode.window.showErrorMessage(message, "Show output", "Open settings");
  if (choice === "Show output") {
    log.show();
  } else if (choice === "Open settings") {
    await vscode.commands.executeCommand("workbench.action.openSettings", "apimpolicy");
  }
}

const NO_OFFER = "apimpolicy.noOffer";

/** Asks whether to install the tool, unless a person has answered that for good; `isWanted`: a command needs it. */
export async function offerTool(
  context: vscode.ExtensionContext,
  log: vscode.LogOutputChannel,
  isWanted: boolean,
): Promise<string | undefined> {
  if (!isWanted && context.globalState.get<boolean>(NO_OFFER)) {
    return undefined;
  }
  const choice = await vscode.window.showInformationMessage(
    "The tool apimpolicy is not installed. Install it into an environment of this extension?",
    "Install",
    "Don't ask again",
  );
  if (choice === "Don't ask again") {
    await context.globalState.update(NO_OFFER, true);
  }
  return choice === "Install" ? installTool(context, log) : undefined;
}
