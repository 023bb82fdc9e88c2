// The tools for coding assistants, which newer editors start by themselves.
import * as vscode from "vscode";

/** What `vscode` has from version 1.101 on, which the types of the oldest supported version do not know. */
interface Newer {
  lm?: {
    registerMcpServerDefinitionProvider?(id: string, provider: object): vscode.Disposable;
  };
  McpStdioServerDefinition?: new (
    label: string,
    command: string,
    args: string[],
    env: Record<string, string>,
    version: string,
  ) => unknown;
}

/** Offers the server of a command to assistants; nothing in an editor that knows no such servers. */
export function assistant(command: string, version: string): vscode.Disposable[] {
  const { lm, McpStdioServerDefinition: Definition } = vscode as unknown as Newer;
  if (lm?.registerMcpServerDefinitionProvider === undefined || Definition === undefined) {
    return [];
  }
  const server = new Definition("API Management policies", command, ["mcp"], {}, version);
  return [lm.registerMcpServerDefinitionProvider("apimpolicy", { provideMcpServerDefinitions: () => [server] })];
}
