// The extension in one file.
// With the argument `test` the tests instead, for `node --test`.
import { copyFileSync, mkdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

// The extension installs the commit that it was built from; a tag can be moved.
const define = { COMMIT: JSON.stringify(process.env.GITHUB_SHA ?? "") };
const common = { bundle: true, platform: "node", format: "cjs", target: "node18", define };

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
