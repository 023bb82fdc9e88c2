// What settings keep quiet: lenses, and files that are left out.
import * as vscode from "vscode";

const configuration = (uri: vscode.Uri) => vscode.workspace.getConfiguration("apimpolicy", uri);

export function hasLenses(uri: vscode.Uri): boolean {
  return (configuration(uri).get<boolean>("lenses") ?? true) && !isExcluded(uri);
}

/** Whether a pattern of `apimpolicy.exclude` fits a file. */
export function isExcluded(uri: vscode.Uri): boolean {
  const patterns = configuration(uri).get<string[]>("exclude") ?? [];
  const folder = vscode.workspace.getWorkspaceFolder(uri);
  const document = { uri, fileName: uri.fsPath, languageId: "xml" } as vscode.TextDocument;
  const selectors = patterns.map((pattern) => ({
    scheme: uri.scheme,
    pattern: folder ? new vscode.RelativePattern(folder, pattern) : pattern,
  }));
  return selectors.some((selector) => vscode.languages.match(selector, document) > 0);
}
