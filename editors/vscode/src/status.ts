// The state of the language server beside the language in the status bar.
import * as vscode from "vscode";

const PROBLEM = vscode.LanguageStatusSeverity.Error;
const FINE = vscode.LanguageStatusSeverity.Information;

export class Status {
  private readonly item: vscode.LanguageStatusItem;

  constructor(languages: readonly string[]) {
    this.item = vscode.languages.createLanguageStatusItem("apimpolicy", [...languages]);
    this.item.name = "API Management policies";
    this.none();
  }

  starting(): void {
    this.show("apimpolicy is starting", FINE, "", "");
    this.item.busy = true;
  }

  running(command: string): void {
    this.show("apimpolicy", FINE, command, "apimpolicy.restart", "Restart");
  }

  failed(): void {
    this.show("apimpolicy did not start", PROBLEM, "", "apimpolicy.showOutput", "Show output");
  }

  none(): void {
    this.show("apimpolicy is not installed", PROBLEM, "", "apimpolicy.install", "Install");
  }

  dispose(): void {
    this.item.dispose();
  }

  private show(text: string, severity: vscode.LanguageStatusSeverity, detail: string, command: string, title = ""): void {
    this.item.text = text;
    this.item.severity = severity;
    this.item.detail = detail;
    this.item.busy = false;
    this.item.command = command ? { command, title } : undefined;
    void vscode.commands.executeCommand("setContext", "apimpolicy.running", command === "apimpolicy.restart");
  }
}
