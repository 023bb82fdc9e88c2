// What needs no editor: where the tool may be, what tests came to, what a command is about. Tested without VS Code.
import * as path from "node:path";

export type Platform = "win32" | "other";

export interface Outcome {
  name: string;
  path: string;
  line: number;
  status: "passed" | "failed" | "error" | "skipped";
  message: string;
}

/** The command of the tool in an environment of Python. */
export function commandIn(environment: string, platform: Platform): string {
  return platform === "win32"
    ? path.join(environment, "Scripts", "apimpolicy.exe")
    : path.join(environment, "bin", "apimpolicy");
}

/** Python in an environment. */
export function pythonIn(environment: string, platform: Platform): string {
  return platform === "win32" ? path.join(environment, "Scripts", "python.exe") : path.join(environment, "bin", "python");
}

/** Where the tool may be, the likeliest place first; the last one is looked for on the PATH. */
export function candidates(folders: readonly string[], own: string, platform: Platform): string[] {
  const environments = [...folders.map((folder) => path.join(folder, ".venv")), own];
  return [...environments.map((environment) => commandIn(environment, platform)), "apimpolicy"];
}

/** What pip installs: what the setting names, else the extension's own commit or version, with solver and MCP server. */
export function packageOf(set: string, version: string, commit = ""): string {
  return set || `apimpolicy[mcp,prove] @ git+https://github.com/apimpolicy/apimpolicy@${commit || `v${version}`}`;
}

/** A setting with its variables replaced: `${workspaceFolder}`, `${workspaceFolder:name}`, `${userHome}`, `${env:NAME}`. */
export function resolved(
  text: string,
  folders: readonly { name: string; path: string }[],
  home: string,
  environment: Readonly<Record<string, string | undefined>>,
): string {
  return text.replace(/\$\{(workspaceFolder|userHome|env)(?::([^}]*))?\}/g, (all, kind: string, name?: string) => {
    if (kind === "userHome") {
      return home;
    }
    if (kind === "env") {
      return environment[name ?? ""] ?? "";
    }
    return (name === undefined ? folders[0] : folders.find((folder) => folder.name === name))?.path ?? all;
  });
}

/** A request as test files have it. */
export type Asked = Record<string, unknown>;

/** The request of what a person has typed: `POST /orders`, `X-Id: 1; Accept: text/plain`, and the name of a certificate. */
export function requestOf(line: string, headers: string, certificate: string): Asked {
  const [, method, url] = /^\s*(?:([A-Za-z]+)\s+)?(\S+)\s*$/.exec(line) ?? [];
  const fields = headers
    .split(";")
    .map((field) => /^\s*([^:\s]+)\s*:\s*(.*?)\s*$/.exec(field))
    .filter((field) => field !== null);
  return {
    method: (method ?? "GET").toUpperCase(),
    url: url ?? "/",
    ...(fields.length ? { headers: Object.fromEntries(fields.map((field) => [field[1], field[2]])) } : {}),
    ...(certificate ? { certificate } : {}),
  };
}

/** Certificates that callers can show without a file: those of the made-up authority of test files. */
export const CERTIFICATES = ["partner", "other-partner", "expired", "early", "revoked", "self-signed", "stranger"];

/** The commands that may start a Python of the machine, the likeliest first. */
export function pythons(platform: Platform): string[] {
  return platform === "win32" ? ["py", "python"] : ["python3", "python"];
}

/** Why a command failed, from what it wrote: pip's first error, which notices and advice follow. */
export function reasonOf(written: string, otherwise: string): string {
  const lines = written.split(/\r?\n/).map((line) => line.trim());
  const patterns = [/^fatal: (.+)/, /^× (.+)/, /^ERROR: (.+)/i, /^\w*(?:Error|Exception): .+/];
  for (const pattern of patterns) {
    const found = lines.map((line) => pattern.exec(line)).find((match) => match !== null);
    if (found) {
      return found[1] ?? found[0];
    }
  }
  return lines.filter((line) => line && !/^\[notice\]|^note:/.test(line)).at(-1) ?? otherwise;
}

/** One sentence about a run of tests. */
export function summary(outcomes: readonly Outcome[], problem: string): string {
  if (problem) {
    return problem;
  }
  const count = (status: string) => outcomes.filter((outcome) => outcome.status === status).length;
  const bad = count("failed") + count("error");
  const skipped = count("skipped") ? `, ${count("skipped")} skipped` : "";
  return bad ? `${bad} of ${cases(outcomes.length)} failed${skipped}` : `${cases(count("passed"))} passed${skipped}`;
}

function cases(count: number): string {
  return count === 1 ? "1 test case" : `${count} test cases`;
}

const TESTS = /\.test\.(ya?ml|toml|json)$/;

export function isTestFile(file: string): boolean {
  return TESTS.test(file);
}

/** What to prove while a file is open: its own claims, those of the test file beside a policy, or all of the folder. */
export function claimsOf(file: string | undefined, exists: (path: string) => boolean): string {
  if (file === undefined) {
    return ".";
  }
  if (isTestFile(file)) {
    return file;
  }
  const beside = [".yaml", ".yml", ".toml", ".json"].map((ending) => file.replace(/\.[^./\\]+$/, `.test${ending}`));
  return beside.find(exists) ?? ".";
}

/** What stands in the output of a run about a case, with the line ends of a terminal. */
export function told(name: string, outcome: Outcome | undefined): string {
  const lines = outcome?.message ? outcome.message.trimEnd().split("\n") : [];
  return [`${outcome?.status ?? "did not run"}  ${name}`, ...lines.map((line) => `  ${line}`), ""].join("\r\n");
}
