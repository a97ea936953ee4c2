// Makes api/web/static of what is in source: bundled, small, each file named by its digest; and a manifest that says of
// which sources it was made, so that a test can tell when somebody has forgotten to build.
//
// node build.mjs [FOLDER]: into another folder, to compare.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { basename, dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const HERE = dirname(fileURLToPath(import.meta.url));
const OUT = process.argv[2] ?? join(HERE, "..", "api", "web", "static");
const TYPES = { ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml", ".html": "text/html" };
const MADE_OF = ["build.mjs", "package.json", "package-lock.json", "tsconfig.json"];

const digest = (data) => createHash("sha256").update(data).digest("hex");
const typeOf = (name) => TYPES[name.slice(name.lastIndexOf("."))];

async function sources() {
  const found = await readdir(join(HERE, "source"), { recursive: true, withFileTypes: true });
  const files = found.filter((entry) => entry.isFile()).map((entry) => relative(HERE, join(entry.parentPath, entry.name)));
  const names = [...files.map((name) => name.replaceAll("\\", "/")), ...MADE_OF].sort();
  const lines = await Promise.all(names.map(async (name) => `${name} ${digest(await readFile(join(HERE, name)))}\n`));
  return digest(lines.join(""));
}

const bundled = await build({
  absWorkingDir: HERE,
  entryPoints: { app: "source/main.tsx", style: "source/style.css", icon: "source/icon.svg" },
  entryNames: "[name]-[hash]",
  chunkNames: "[name]-[hash]",
  assetNames: "[name]-[hash]",
  loader: { ".svg": "copy" },
  outdir: OUT,
  bundle: true,
  splitting: true,
  format: "esm",
  target: ["es2022", "chrome123", "firefox121", "safari17.5"],
  minify: true,
  legalComments: "none",
  metafile: true,
  write: false,
});

await rm(OUT, { recursive: true, force: true });
await mkdir(OUT, { recursive: true });
const files = {};
for (const file of bundled.outputFiles) {
  files[basename(file.path)] = typeOf(file.path);
  await writeFile(join(OUT, basename(file.path)), file.contents);
}
const named = (start, end) => Object.keys(files).find((name) => name.startsWith(start) && name.endsWith(end));
let page = await readFile(join(HERE, "source", "index.html"), "utf8");
page = page.replace("app.js", named("app-", ".js")).replace("style.css", named("style-", ".css"));
page = page.replace("icon.svg", named("icon-", ".svg"));
await writeFile(join(OUT, "index.html"), page);
files["index.html"] = TYPES[".html"];
const sorted = Object.fromEntries(Object.entries(files).sort());
await writeFile(join(OUT, "manifest.json"), `${JSON.stringify({ sources: await sources(), files: sorted }, null, 2)}\n`);
