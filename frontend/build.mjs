// Builds the bundle that is part of the package, and leaves word of what it was built from.
// With --check it changes nothing, and fails if what it builds is not what is there.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";

import esbuild from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const target = path.join(root, "..", "nbtrack", "static");
// What is put into `share/jupyter/labextensions/nbtrack` of an environment.
const extension = path.join(root, "..", "labextension");

const check = process.argv.includes("--check");

const options = {
  absWorkingDir: root,
  entryNames: "[name]",
  bundle: true,
  minify: true,
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  charset: "utf8",
  legalComments: "none",
  logLevel: "warning",
  write: false,
  metafile: true,
};
const pages = await esbuild.build({
  ...options,
  entryPoints: ["widget.tsx", "page.tsx", "figure.ts", "style/widget.css", "style/page.css"].map((name) =>
    path.join("src", name),
  ),
  outdir: target,
  format: "esm",
});
const lab = await esbuild.build({
  ...options,
  entryPoints: [path.join("src", "lab.ts")],
  outdir: path.join(extension, "static"),
  format: "iife",
  loader: { ".css": "text", ".svg": "text" },
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
  const inputs = [pages, lab].flatMap(({ metafile }) => Object.keys(metafile.inputs));
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

/** What JupyterLab reads to know the extension: which versions it fits, and what to load. */
async function description() {
  const python = await readFile(path.join(root, "..", "nbtrack", "_version.py"), "utf8");
  const version = /__version__ = "([^"]+)"/.exec(python)[1];
  const { devDependencies } = JSON.parse(await readFile(path.join(root, "package.json"), "utf8"));
  const shared = Object.entries(devDependencies)
    .filter(([name]) => /^@jupyterlab\//.test(name))
    // The types are those of the oldest JupyterLab that it works with.
    .map(([name, range]) => [name, range.replace("~", "^")]);
  return {
    name: "nbtrack",
    version,
    description: "Runs that nbtrack recorded, in JupyterLab",
    license: "Apache-2.0",
    dependencies: Object.fromEntries(shared),
    jupyterlab: { extension: true, _build: { load: "static/lab.js", extension: "./extension" } },
  };
}

const json = (value) => Buffer.from(`${JSON.stringify(value, null, 2)}\n`);

/** Contents by their paths. */
const built = new Map(
  [...pages.outputFiles, ...lab.outputFiles].map((file) => [file.path, file.contents]),
);
built.set(path.join(target, "LICENSES.txt"), Buffer.from(await licences()));
built.set(path.join(target, "favicon.svg"), await readFile(path.join(root, "src/style/favicon.svg")));
built.set(path.join(extension, "package.json"), json(await description()));
built.set(
  path.join(extension, "install.json"),
  json({
    packageManager: "python",
    packageName: "nbtrack",
    uninstallInstructions: "pip uninstall nbtrack; or `jupyter labextension disable nbtrack`",
  }),
);
const below = (place) => path.relative(path.join(root, ".."), place).split(path.sep).join("/");
const files = Object.fromEntries(
  [...built].map(([place, data]) => [below(place), sha256(data)]).sort(([a], [b]) => (a < b ? -1 : 1)),
);
const manifest = { files, sources: sha256(Buffer.concat(parts.map((part) => Buffer.from(part)))) };
built.set(path.join(target, "sources.json"), json(manifest));

for (const [place, data] of built) {
  if (!check) {
    await mkdir(path.dirname(place), { recursive: true });
    await writeFile(place, data);
  } else if (!(await readFile(place)).equals(data)) {
    console.error(`${below(place)} is not what its sources make: run \`make frontend\``);
    process.exitCode = 1;
  }
}
