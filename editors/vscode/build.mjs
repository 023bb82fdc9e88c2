// The extension in one file.
// With the argument `test` the tests instead, for `node --test`.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const common = { bundle: true, platform: "node", format: "cjs", target: "node18" };

rmSync("dist", { recursive: true, force: true });
mkdirSync("dist");
if (process.argv[2] === "test") {
  await build({ ...common, entryPoints: ["test/places.test.ts", "test/session.test.ts"], outdir: "dist" });
} else {
  copyFileSync("../../LICENSE", "LICENSE");
  await build({
    ...common,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    minify: true,
    external: ["vscode"],
  });
}
