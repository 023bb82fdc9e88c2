// Where results are shown: a page beside the policy, a text that needs no saving, the panel with what a command prints.
import * as vscode from "vscode";

const SCHEME = "apimpolicy";
const EXPLANATION = vscode.Uri.parse(`${SCHEME}:explanation`);
const changed = new vscode.EventEmitter<vscode.Uri>();

let explanation = "";
let page: vscode.WebviewPanel | undefined;

/** Texts of the tool as read-only documents. */
export function texts(): vscode.Disposable {
  return vscode.workspace.registerTextDocumentContentProvider(SCHEME, {
    onDidChange: changed.event,
    provideTextDocumentContent: () => explanation,
  });
}

/** Shows an explanation beside the policy; the next one takes its place. */
export async function showText(text: string): Promise<void> {
  explanation = text;
  changed.fire(EXPLANATION);
  const document = await vscode.workspace.openTextDocument(EXPLANATION);
  await vscode.window.showTextDocument(document, { viewColumn: beside(), preserveFocus: true, preview: true });
}

/** Shows a page beside the policy; the next one takes its place. */
export function showPage(html: string): void {
  if (page === undefined) {
    const options = { viewColumn: beside(), preserveFocus: true };
    page = vscode.window.createWebviewPanel("apimpolicy", "Journey", options, {});
    page.onDidDispose(() => (page = undefined));
  }
  page.webview.html = html;
  page.reveal(undefined, true);
}

/** The column beside the policy: with two columns or more, the second. */
function beside(): vscode.ViewColumn {
  return vscode.window.tabGroups.all.length > 1 ? vscode.ViewColumn.Two : vscode.ViewColumn.Beside;
}

/** Runs a command of the tool in the panel, which stays when the command has ended. */
export async function inPanel(command: string, ...args: string[]): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const task = new vscode.Task(
    { type: "apimpolicy", command: args[0] },
    folder ?? vscode.TaskScope.Workspace,
    args[0] ?? "",
    "apimpolicy",
    new vscode.ProcessExecution(command, args),
    [],
  );
  task.presentationOptions = { reveal: vscode.TaskRevealKind.Always, clear: true, echo: false, showReuseMessage: false };
  await vscode.tasks.executeTask(task);
}
