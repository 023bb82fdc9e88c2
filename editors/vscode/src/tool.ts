// Where the command `apimpolicy` is, and how it comes onto a machine that does not have it.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";
import { candidates, commandIn, packageOf, type Platform, pythonIn, pythons } from "./places";

const execute = promisify(execFile);
const PLATFORM: Platform = process.platform === "win32" ? "win32" : "other";

function setting(name: string): string {
  return vscode.workspace.getConfiguration("apimpolicy").get<string>(name) ?? "";
}

/** The command of the setting, the workspace, the extension's own environment or the PATH; undefined without any. */
export async function findTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const set = setting("command");
  if (set) {
    return set;
  }
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => folder.uri.fsPath);
  for (const command of candidates(folders, ownEnvironment(context), PLATFORM)) {
    if ((!path.isAbsolute(command) || existsSync(command)) && (await runs(command, "lsp", "--help"))) {
      return command;
    }
  }
  return undefined;
}

async function runs(command: string, ...args: string[]): Promise<boolean> {
  try {
    await execute(command, args, { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function ownEnvironment(context: vscode.ExtensionContext): string {
  return path.join(context.globalStorageUri.fsPath, "venv");
}

/** Installs the tool, of the version that the extension was made with, into the extension's own environment; its command, or undefined after a message. */
export async function installTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const environment = ownEnvironment(context);
  const wanted = packageOf(setting("package"), String(context.extension.packageJSON.version));
  const options = { location: vscode.ProgressLocation.Notification, title: "Installing apimpolicy" };
  try {
    await vscode.window.withProgress(options, async (progress) => {
      progress.report({ message: "making an environment" });
      await execute(await findPython(), ["-I", "-m", "venv", environment]);
      progress.report({ message: "installing the package" });
      await execute(pythonIn(environment, PLATFORM), ["-I", "-m", "pip", "install", "--upgrade", wanted]);
    });
    return commandIn(environment, PLATFORM);
  } catch (error) {
    void vscode.window.showErrorMessage(`apimpolicy could not be installed: ${reason(error)}`);
    return undefined;
  }
}

async function findPython(): Promise<string> {
  for (const command of pythons(PLATFORM)) {
    if (await runs(command, "-I", "-c", "import sys; sys.exit(sys.version_info < (3, 11))")) {
      return command;
    }
  }
  throw new Error("Python 3.11 or newer was not found");
}

/** What a command that failed has said last. */
function reason(error: unknown): string {
  const { stderr, message } = error as { stderr?: string; message?: string };
  return stderr?.trim().split("\n").at(-1) || message || String(error);
}

/** Asks whether to install the tool. */
export async function offerTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const choice = await vscode.window.showInformationMessage(
    "The tool apimpolicy is not installed. Install it into an environment of this extension?",
    "Install",
  );
  return choice === "Install" ? installTool(context) : undefined;
}
