// Builds the bundle that is part of the package, and leaves word of what it was built from.
// With --check it changes nothing, and fails if what it builds is not what is there.
import { createHash } from "node:crypto";
import { readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(root, "..", "nbtrack", "static");

const check = process.argv.includes("--check");

const { outputFiles, metafile } = await esbuild.build({
  absWorkingDir: root,
  entryPoints: ["widget.tsx", "page.tsx", "figure.ts", "style/widget.css", "style/page.css"].map((name) =>
    path.join("src", name),
  ),
  outdir: target,
  entryNames: "[name]",
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  write: false,
  metafile: true,
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
/** The notices of all packages of which anything is in the bundles. */
async function licences() {
  const inputs = Object.keys(metafile.inputs);
  // A package may have one of its own in another version.
  const folders = inputs.map((input) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(input)?.[0]);
  const notices = [...new Set(folders.filter(Boolean))].map(async (name) => {
    const folder = path.join(root, name);
    const { name: known, version, license } = JSON.parse(
      await readFile(path.join(folder, "package.json")),
    );
    const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text = file ? await readFile(path.join(folder, file), "utf8") : "";
    return `${known} ${version} (${license})\n\n${text.replaceAll("\r", "").trim()}\n`;
  });
  return (await Promise.all(notices)).sort().join(`\n${"-".repeat(72)}\n\n`);
}

const built = new Map(outputFiles.map((file) => [path.basename(file.path), file.contents]));
built.set("LICENSES.txt", Buffer.from(await licences()));
const files = Object.fromEntries([...built].sort().map(([name, data]) => [name, sha256(data)]));
const manifest = { files, sources: sha256(Buffer.concat(parts.map((part) => Buffer.from(part)))) };
built.set("sources.json", Buffer.from(`${JSON.stringify(manifest, null, 2)}\n`));

for (const [name, data] of built) {
  const place = path.join(target, name);
  if (!check) await writeFile(place, data);
  else if (!(await readFile(place)).equals(data)) {
    console.error(`${name} is not what its sources make: run \`make frontend\``);
    process.exitCode = 1;
  }
}
