// A headless Chromium with WebGPU on SwiftShader, out of npm's @sparticuz/chromium alone:
// needs no browser, no driver and no font of the system.
import {
  copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import puppeteer, { type Browser, type CDPSession, type Page } from "puppeteer-core";
import { archives, unpack } from "../../src/node/unpack.js";

export interface Chromium {
  readonly browser: Browser;
  /** Ends the browser and removes its profile. */
  close(): Promise<void>;
}

const flags = [
  "--no-sandbox",  // containers run as root
  "--no-zygote", "--enable-unsafe-webgpu", "--use-webgpu-adapter=swiftshader", "--enable-features=Vulkan",
  "--disable-dev-shm-usage", "--font-render-hinting=none", "--hide-scrollbars", "--force-color-profile=srgb",
  "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync",
  "--no-default-browser-check", "--no-pings",
];

/** Starts a browser with a fresh profile. */
export async function chromium(): Promise<Chromium> {
  const part = (name: string) => unpack(join(archives(), name));
  const folder = part("chromium.br"), libraries = part("al2023.tar.br");
  const driver = part("swiftshader.tar.br"), fonts = part("fonts.tar.br");
  // Chromium looks for SwiftShader beside its own executable, and links are followed first:
  // the files themselves must be there.
  for (const name of readdirSync(driver)) beside(join(driver, name), join(folder, name));

  const profile = mkdtempSync(join(tmpdir(), "convoy-browser-")), config = join(profile, "fonts");
  mkdirSync(config);
  const folders = `<dir>${fonts}</dir><cachedir>${config}</cachedir>`;
  writeFileSync(join(config, "fonts.conf"),
    `<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>${folders}</fontconfig>`);
  const browser = await puppeteer.launch({
    executablePath: join(folder, "chromium"), headless: "shell", args: flags, userDataDir: join(profile, "data"),
    protocolTimeout: 60_000,
    // The language: with LANG=C, navigator.language is one that Intl refuses;
    // with LANGUAGE=en_US, the first <details> crashes its page.
    env: {
      ...process.env, LC_ALL: "en_US.UTF-8", LANGUAGE: undefined, FONTCONFIG_PATH: config,
      LD_LIBRARY_PATH: [join(libraries, "lib"), driver].join(":"),
      VK_ICD_FILENAMES: join(driver, "vk_swiftshader_icd.json"),
    },
  });
  return {
    browser,
    async close() {
      await browser.close();
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

function beside(from: string, to: string): void {
  if (existsSync(to)) return;
  try { linkSync(from, to); } catch {
    if (!existsSync(to)) copyFileSync(from, to);  // another process was faster, or no hard links here
  }
}

/**
 * What a page complains of: console errors and warnings, exceptions (its workers' too), failed requests,
 * breaches of its CSP.
 */
export async function complaints(page: Page): Promise<string[]> {
  const found: string[] = [];
  const audits = async (client: CDPSession, who: string) => {
    client.on("Audits.issueAdded", ({ issue: { details: { contentSecurityPolicyIssueDetails: csp } } }) => {
      if (!csp) return;
      const forbidden = csp.blockedURL ?? csp.contentSecurityPolicyViolationType;
      found.push(`${who} policy: ${csp.violatedDirective} forbids ${forbidden}`);
    });
    await client.send("Audits.enable").catch(() => {});  // the worker has ended already
  };
  await audits(await page.createCDPSession(), "page");
  page.on("console", (message) => {
    if (["error", "warn"].includes(message.type())) found.push(`${message.type()}: ${message.text()}`);
  });
  page.on("pageerror", (error) => {
    found.push(`exception: ${error instanceof Error ? error.message : String(error)}`);
  });
  page.on("error", (error) => { found.push(`crash: ${error.message}`); });
  page.on("requestfailed", (request) => { found.push(`request: ${request.url()} ${request.failure()?.errorText}`); });
  page.on("response", (response) => {
    if (response.status() >= 400) found.push(`response: ${response.url()} ${response.status()}`);
  });
  page.on("workercreated", (worker) => {
    void audits(worker.client, "worker");
    worker.client.on("Runtime.exceptionThrown", ({ exceptionDetails }) => {
      found.push(`worker: ${exceptionDetails.text}`);
    });
  });
  return found;
}
