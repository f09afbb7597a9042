// test/browser/chromium.ts
import { copyFileSync, existsSync as existsSync2, linkSync, mkdirSync as mkdirSync2, mkdtempSync as mkdtempSync2, readdirSync, rmSync as rmSync2, writeFileSync as writeFileSync2 } from "node:fs";
import { tmpdir as tmpdir2 } from "node:os";
import { join as join2 } from "node:path";
import puppeteer from "puppeteer-core";

// src/node/unpack.ts
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { brotliDecompressSync } from "node:zlib";

// src/errors.ts
var ConvoyError = class extends Error {
  constructor(code, message, details = {}, cause) {
    super(message, cause === void 0 ? void 0 : { cause });
    this.code = code;
    this.details = details;
    this.name = new.target.name;
  }
  code;
  details;
};
var AdapterError = class extends ConvoyError {
  constructor(message, ...rest) {
    super("adapter", message, ...rest);
  }
};

// src/node/unpack.ts
function archives() {
  const require2 = createRequire(import.meta.url);
  try {
    return join(dirname(require2.resolve("@sparticuz/chromium")), "..", "..", "bin");
  } catch (cause) {
    throw new AdapterError('the software adapter is inside the npm package "@sparticuz/chromium"; install it: npm install --save-dev @sparticuz/chromium@147', {}, cause);
  }
}
function unpack(archive) {
  const name = basename(archive).replace(/(\.tar)?\.br$/, ""), parent = join(tmpdir(), `convoy-${process.getuid?.() ?? "user"}`), folder = join(parent, name);
  if (existsSync(folder)) return folder;
  mkdirSync(parent, { recursive: true, mode: 448 });
  const draft = mkdtempSync(join(parent, `${name}-`)), bytes = brotliDecompressSync(readFileSync(archive));
  if (archive.endsWith(".tar.br")) for (const file of untar(bytes)) {
    mkdirSync(dirname(join(draft, file.name)), { recursive: true });
    writeFileSync(join(draft, file.name), file.bytes, { mode: 493 });
  }
  else writeFileSync(join(draft, name), bytes, { mode: 493 });
  try {
    renameSync(draft, folder);
  } catch (e) {
    rmSync(draft, { recursive: true });
    if (!existsSync(folder)) throw e;
  }
  return folder;
}
function* untar(bytes) {
  const text = (from, to) => bytes.toString("utf8", from, to).replace(/\0.*$/s, "");
  for (let at = 0; at + 512 <= bytes.length && bytes[at]; ) {
    const name = join(text(at + 345, at + 500), text(at, at + 100)), size = parseInt(text(at + 124, at + 136), 8), type = text(at + 156, at + 157);
    if (name.startsWith("..") || !Number.isSafeInteger(size)) throw new AdapterError(`an archive of @sparticuz/chromium is damaged at byte ${at}; install the package again`);
    if (type === "0" || type === "") yield { name, bytes: bytes.subarray(at + 512, at + 512 + size) };
    at += 512 + 512 * Math.ceil(size / 512);
  }
}

// test/browser/chromium.ts
var flags = [
  "--no-sandbox",
  // containers run as root
  "--no-zygote",
  "--enable-unsafe-webgpu",
  "--use-webgpu-adapter=swiftshader",
  "--enable-features=Vulkan",
  "--disable-dev-shm-usage",
  "--font-render-hinting=none",
  "--hide-scrollbars",
  "--force-color-profile=srgb",
  "--no-first-run",
  "--lang=en-US",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--no-default-browser-check",
  "--no-pings"
];
async function chromium() {
  const part = (name) => unpack(join2(archives(), name));
  const folder = part("chromium.br"), libraries = part("al2023.tar.br"), driver = part("swiftshader.tar.br"), fonts = part("fonts.tar.br");
  for (const name of readdirSync(driver)) beside(join2(driver, name), join2(folder, name));
  const profile = mkdtempSync2(join2(tmpdir2(), "convoy-browser-")), config = join2(profile, "fonts");
  mkdirSync2(config);
  writeFileSync2(join2(config, "fonts.conf"), `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig><dir>${fonts}</dir><cachedir>${config}</cachedir></fontconfig>`);
  const browser = await puppeteer.launch({
    executablePath: join2(folder, "chromium"),
    headless: "shell",
    args: flags,
    userDataDir: join2(profile, "data"),
    protocolTimeout: 6e4,
    env: { ...process.env, LANG: "en_US.UTF-8", LANGUAGE: "en_US", LC_ALL: "", LD_LIBRARY_PATH: [join2(libraries, "lib"), driver].join(":"), FONTCONFIG_PATH: config, VK_ICD_FILENAMES: join2(driver, "vk_swiftshader_icd.json") }
  });
  return { browser, async close() {
    await browser.close();
    rmSync2(profile, { recursive: true, force: true, maxRetries: 5 });
  } };
}
function beside(from, to) {
  if (existsSync2(to)) return;
  try {
    linkSync(from, to);
  } catch {
    if (!existsSync2(to)) copyFileSync(from, to);
  }
}
function complaints(page) {
  const found = [];
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) found.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => {
    found.push(`exception: ${error instanceof Error ? error.message : String(error)}`);
  });
  page.on("requestfailed", (request) => {
    found.push(`request: ${request.url()} ${request.failure()?.errorText}`);
  });
  page.on("response", (response) => {
    if (response.status() >= 400) found.push(`response: ${response.url()} ${response.status()}`);
  });
  page.on("workercreated", (worker) => {
    worker.client.on("Runtime.exceptionThrown", ({ exceptionDetails }) => {
      found.push(`worker: ${exceptionDetails.text}`);
    });
  });
  return found;
}

// test/browser/server.ts
import { createReadStream, existsSync as existsSync3, statSync } from "node:fs";
import { createServer } from "node:http";
import { extname, join as join3, normalize } from "node:path";
var types = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript; charset=utf-8",
  ".css": "text/css; charset=utf-8",
  ".svg": "image/svg+xml",
  ".json": "application/json",
  ".map": "application/json",
  ".gz": "application/gzip",
  ".txt": "text/plain; charset=utf-8"
};
async function serve(folder) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? "/", "http://localhost");
    let path = join3(folder, normalize(decodeURIComponent(pathname)));
    if (pathname.endsWith("/")) path = join3(path, "index.html");
    if (pathname === "/favicon.ico") {
      response.writeHead(204).end();
      return;
    }
    if (!existsSync3(path) || !statSync(path).isFile()) {
      response.writeHead(404).end("not found");
      return;
    }
    response.writeHead(200, { "content-type": types[extname(path)] ?? "application/octet-stream", "content-length": statSync(path).size });
    createReadStream(path).pipe(response);
  });
  await new Promise((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => new Promise((resolve) => {
      server.closeAllConnections();
      server.close(() => {
        resolve();
      });
    })
  };
}

// ../../tmp/dbg.ts
var c = await chromium();
var s = await serve("/work/main/site");
process.on("exit", () => c.browser.process()?.kill("SIGKILL"));
for (const block of ["style.css", "main.css", "worker.js", "none"]) {
  const page = await c.browser.newPage(), bad = complaints(page);
  await page.setViewport({ width: 1280, height: 900 });
  await page.setRequestInterception(true);
  page.on("request", (r) => r.url().endsWith(block) ? void r.abort() : void r.continue());
  await page.goto(s.url + "lenet/").catch(String);
  await new Promise((r) => setTimeout(r, 1500));
  const x = await Promise.race([page.evaluate(() => document.querySelector(".status")?.textContent + " " + document.querySelector(".notices")?.textContent), new Promise((r) => setTimeout(r, 4e3, "HANG"))]);
  console.log(block, x, bad.slice(0, 3));
}
process.exit(0);
