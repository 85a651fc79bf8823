// Builds the bundle that is part of the package, and leaves word of what it was built from.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(root, "..", "nbtrack", "static");

await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["src/widget.tsx", "src/style/widget.css"],
  outdir: target,
  entryNames: "[name]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2021",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
});

const sha256 = (data) => createHash("sha256").update(data).digest("hex");

/** Every file that the bundle depends on, as paths with "/". */
async function sources() {
  const found = await readdir(path.join(root, "src"), { recursive: true, withFileTypes: true });
  const files = found
    .filter((entry) => entry.isFile())
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)));
  return [...files, "build.mjs", "package.json", "package-lock.json"]
    .map((name) => name.split(path.sep).join("/"))
    .sort();
}

const parts = [];
for (const name of await sources()) {
  parts.push(`${name}\0`, await readFile(path.join(root, name)), "\0");
}
const files = {};
for (const name of ["widget.css", "widget.js"]) {
  files[name] = sha256(await readFile(path.join(target, name)));
}
const manifest = { files, sources: sha256(Buffer.concat(parts.map((part) => Buffer.from(part)))) };
await writeFile(path.join(target, "sources.json"), `${JSON.stringify(manifest, null, 2)}\n`);
