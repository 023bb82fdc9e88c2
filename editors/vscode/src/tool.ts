// Where the command `apimpolicy` is, and how it comes onto a machine that has none.
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import * as path from "node:path";
import { promisify } from "node:util";
import * as vscode from "vscode";

const execute = promisify(execFile);
const BIN = process.platform === "win32" ? "Scripts" : "bin";
// From its repository: there is no release on PyPI yet, and nobody may take the name there meanwhile.
const PACKAGE = "apimpolicy @ git+https://github.com/apimpolicy/apimpolicy";
const NAME = process.platform === "win32" ? "apimpolicy.exe" : "apimpolicy";

/** The command of the setting, the workspace, the PATH or the extension's own environment; undefined without any. */
export async function findTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const set = vscode.workspace.getConfiguration("apimpolicy").get<string>("command");
  if (set) {
    return set;
  }
  const folders = (vscode.workspace.workspaceFolders ?? []).map((folder) => path.join(folder.uri.fsPath, ".venv"));
  for (const environment of [...folders, ownEnvironment(context)]) {
    const command = path.join(environment, BIN, NAME);
    if (existsSync(command) && (await runs(command))) {
      return command;
    }
  }
  return (await runs("apimpolicy")) ? "apimpolicy" : undefined;
}

async function runs(command: string): Promise<boolean> {
  try {
    await execute(command, ["lsp", "--help"], { timeout: 20_000 });
    return true;
  } catch {
    return false;
  }
}

function ownEnvironment(context: vscode.ExtensionContext): string {
  return path.join(context.globalStorageUri.fsPath, "venv");
}

/** Installs the newest tool into the extension's own environment; its command, or undefined after a message. */
export async function installTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const environment = ownEnvironment(context);
  const options = { location: vscode.ProgressLocation.Notification, title: "Installing apimpolicy" };
  try {
    await vscode.window.withProgress(options, async () => {
      await execute(process.platform === "win32" ? "py" : "python3", ["-m", "venv", environment]);
      await execute(path.join(environment, BIN, "python"), ["-m", "pip", "install", "--upgrade", PACKAGE]);
    });
    return path.join(environment, BIN, NAME);
  } catch (error) {
    void vscode.window.showErrorMessage(`apimpolicy could not be installed: ${String(error)}`);
    return undefined;
  }
}

/** Asks whether to install the tool, which is not there. */
export async function offerTool(context: vscode.ExtensionContext): Promise<string | undefined> {
  const choice = await vscode.window.showInformationMessage(
    "The tool apimpolicy is not installed. Install it into an environment of this extension?",
    "Install",
  );
  return choice === "Install" ? installTool(context) : undefined;
}
