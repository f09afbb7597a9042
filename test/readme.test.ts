// README's parts of networks, as printed: their shapes, and what their parameters are called; and where links lead.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import * as convoy from "../src/index.js";

const text = readFileSync("README.md", "utf8");
const block = (name: string) => new RegExp(`^const ${name} =[^\`]*`, "m").exec(text)![0];
/** The value of an expression behind code that uses names of the library. */
const value = (code: string, expression: string) =>
  new Function(...Object.keys(convoy), `${code}; return ${expression};`)(...Object.values(convoy)) as convoy.Part;
const shown = (net: convoy.Part, input: number[]) => convoy.summary(net, {
  input, batch: 2, loss: { ...convoy.meanSquaredError(), check() {} },
}).layers.filter(({ parameters }) => parameters).map(({ path, shape }) => `${path} ${shape}`);

test("a residual block, and parts by name", () => {
  expect(shown(value(block("residual"), "residual(3)"), [3, 8, 8])).toEqual(["0 2,3,8,8", "1 2,3,8,8", "conv 2,3,8,8"]);
  expect(shown(value(block("chain"), "stem"), [3, 32, 32])).toEqual(["conv1 2,64,16,16", "bn1 2,64,16,16"]);
});

test("links between the documents lead to what the package holds, and to headings that are there", () => {
  const read = (path: string) => readFileSync(path, "utf8").replace(/^```[^]*?^```/gm, "");
  const { files } = JSON.parse(read("package.json")) as { files: string[] };
  const packed = (path: string) => path === "README.md" || files.some((f) => `${path}/`.startsWith(`${f}/`));
  const slug = (heading: string) => heading.toLowerCase().replace(/[^\p{L}\p{N} -]/gu, "").replaceAll(" ", "-");
  const documents = ["README.md", "shaders/README.md", ...files.filter((f) => f.endsWith(".md"))];
  const links = documents.flatMap((from) =>
    [...read(from).matchAll(/\]\(([^)]+)\)|src="([^"]+)"/g)].map(([, link, src]) => ({ from, to: link ?? src })));
  expect(links.length).toBeGreaterThan(15);
  for (const { from, to } of links.filter((link) => !link.to.startsWith("https://"))) {
    const [file, anchor] = to.split("#"), path = file ? join(dirname(from), file) : from;
    expect(packed(path), `${to} of ${from}`).toBe(true);
    const headings = [...read(path).matchAll(/^#+ (.+)$/gm)].map(([, heading]) => slug(heading));
    if (anchor) expect(headings, `${to} of ${from}`).toContain(anchor);
  }
});
