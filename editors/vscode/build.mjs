// The extension in one file, and the schema of test files as the build hook of the Python package made it.
import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { build } from "esbuild";

const schema = "../../src/apimpolicy/schemas/apimpolicy-test.schema.json";

mkdirSync("dist", { recursive: true });
if (!existsSync(schema)) {
  console.error(`${schema} is not there: pip install -e . makes it`);
  process.exit(1);
}
copyFileSync(schema, "dist/apimpolicy-test.schema.json");
copyFileSync("../../LICENSE", "LICENSE");
await build({
  entryPoints: ["src/extension.ts"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  platform: "node",
  format: "cjs",
  target: "node18",
  external: ["vscode"],
});
