import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";
import { AdapterError } from "../errors.js";

/** The archives' folder in npm's @sparticuz/chromium: a headless Chromium, SwiftShader, and the libraries both need. */
export function archives(): string {
  const require = createRequire(import.meta.url);
  try {
    return join(dirname(require.resolve("@sparticuz/chromium")), "..", "..", "bin");
  } catch (cause) {
    throw new AdapterError('the software adapter is inside the npm package "@sparticuz/chromium"; '
      + "install it: npm install --save-dev @sparticuz/chromium@147", {}, cause);
  }
}

/** Unpacks a .tar.br or .br once, beside other temporary files, and gives the folder it is in. */
export function unpack(archive: string): string {
  const name = basename(archive).replace(/(\.tar)?\.br$/, "");
  const parent = join(tmpdir(), `convoy-${process.getuid?.() ?? "user"}`), folder = join(parent, name);
  if (existsSync(folder)) return folder;
  mkdirSync(parent, { recursive: true, mode: 0o700 });
  const draft = mkdtempSync(join(parent, `${name}-`)), bytes = brotliDecompressSync(readFileSync(archive));
  if (archive.endsWith(".tar.br")) for (const file of untar(bytes)) {
    mkdirSync(dirname(join(draft, file.name)), { recursive: true });
    writeFileSync(join(draft, file.name), file.bytes, { mode: 0o755 });
  } else writeFileSync(join(draft, name), bytes, { mode: 0o755 });
  try { renameSync(draft, folder); } catch (e) {  // another process was faster
    rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw e;
  }
  return folder;
}

/** The files of a tar archive (POSIX.1-1988, ustar). Links and folders are left out. */
function* untar(bytes: Buffer): Generator<{ name: string; bytes: Buffer }> {
  const text = (from: number, to: number) => bytes.toString("utf8", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= bytes.length && bytes[at]; ) {
    const name = join(text(at + 345, at + 500), text(at, at + 100));
    const size = parseInt(text(at + 124, at + 136), 8), type = text(at + 156, at + 157);
    if (name.startsWith("..") || !Number.isSafeInteger(size)) {
      throw new AdapterError(`an archive of @sparticuz/chromium is damaged at byte ${at}; install the package again`);
    }
    if (type === "0" || type === "") yield { name, bytes: bytes.subarray(at + 512, at + 512 + size) };
    at += 512 + 512 * Math.ceil(size / 512);
  }
}
