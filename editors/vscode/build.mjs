// The extension in one file, and the schema of test files as the build hook of the Python package made it.
// With the argument `test` the tests instead, for `node --test`.
import { copyFileSync, existsSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const schema = "../../src/apimpolicy/schemas/apimpolicy-test.schema.json";
const common = { bundle: true, platform: "node", format: "cjs", target: "node18" };

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
if (process.argv[2] === "test") {
  await build({ ...common, entryPoints: ["test/places.test.ts"], outfile: "dist/places.test.js" });
} else {
  if (!existsSync(schema)) {
    console.error(`${schema} is not there: pip install -e . makes it`);
    process.exit(1);
  }
  copyFileSync(schema, "dist/apimpolicy-test.schema.json");
  copyFileSync("../../LICENSE", "LICENSE");
  await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: true,
    external: ["vscode"],
  });
}
