// Takes docs/page.png again: LeNet's page on SwiftShader, in the last of five epochs.
//     node docs/page.mjs
import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = new URL("../", import.meta.url), at = (path) => fileURLToPath(new URL(path, root));
execFileSync(process.execPath, ["build.mjs", "--only", "pages", "--quiet"], { cwd: root, stdio: "inherit" });
await build({
  stdin: { contents: ["chromium", "server"].map((name) => `export * from "./${name}.js";`).join(""),
    resolveDir: at("test/browser") },
  bundle: true, platform: "node", format: "esm", packages: "external", outfile: at("dist/browser.mjs"),
});
const { chromium, serve } = await import(new URL("dist/browser.mjs", root));

const WIDE = 1240, EDGE = 12;  // of the picture, and around the cards in it
const site = await serve(at("site")), { browser, close } = await chromium();
try {
  const page = await browser.newPage();
  page.setDefaultTimeout(120_000);
  await page.setViewport({ width: WIDE + 40, height: 1400 });
  const query = "images=2000&batch=32&epochs=5&rate=0.02&momentum=0.9&activation=relu&first=kaiming&seed=1";
  await page.goto(`${site.url}lenet/?${query}`);
  await page.waitForFunction(() => document.querySelector(".status")?.textContent.startsWith("Ready"));
  await page.keyboard.press("Space");
  await page.waitForFunction(() => document.querySelector("progress").value > 0.87);
  const [top, bottom, left] = await page.evaluate(() => {
    const [deck, columns] = [".deck", ".controls"].map((of) => document.querySelector(of).getBoundingClientRect());
    return [deck.top, columns.bottom, deck.left];
  });
  const clip = { x: left - EDGE, y: top - EDGE, width: WIDE, height: Math.round(bottom - top) + 2 * EDGE };
  await page.screenshot({ path: at("docs/page.png"), clip });
} finally { await close(); await site.close(); }
