import { expect, test } from "vitest";
import { barriers, crashGpu, onPhone, open, picture, press, site, status, useSite, withoutWebGPU } from "./page.js";
import { byKeyboard, controlled, does, editor, faulty, held, longest, outcome, problems, type } from "./playground.js";
import { attempt, said, underlined, unseen, watchful, write } from "./playground.js";

useSite();

test("a layer is run, checked, timed; what is wrong is told at its line; "
  + "a loop without an end costs the worker alone", async () => {
  const { page, bad } = await open("playground/?example=depthwise", watchful);
  await said(page, "Depthwise 3 × 3: an example");
  expect(await byKeyboard(page, "Run")).toEqual(["Run", "Stop", "Run"]);
  expect(await page.$$eval("[aria-labelledby=values-title] .planes", (all) => all.map((e) => e.children.length)))
    .toEqual([4, 4]);
  await does(page, "Check gradients");
  expect(await page.$eval("[aria-labelledby=gradients-title] .verdict-line", (e) => e.textContent))
    .toBe("Nothing wrong found.");
  const tensors = await page.$$eval("[aria-labelledby=gradients-title] .tensor h3", (all) =>
    all.map((e) => e.textContent));
  expect(tensors).toEqual(["dx [2, 4, 6, 6]", "dweight [3, 3, 4]"]);
  const [some, none] = await unseen(page);
  expect([some > 30, none]).toEqual([true, 0]);
  for (const action of ["Check races", "Benchmark"]) await does(page, action);
  const timed = await page.$$eval("[aria-labelledby=bench-title] tbody tr", (all) => all.map((tr) =>
    [tr.children[0].textContent, Number(tr.children[1].textContent) > 0, Number(tr.children[3].textContent) > 0]));
  expect(timed).toEqual([["forward", true, true], ["backward", true, true]]);
  expect(await barriers(page)).toEqual([]);
  await picture(page, "playground-light", 1280, "light");
  await onPhone(page, "playground-phone", "dark");

  await attempt(page, 0, "@compute @workgroup_size(1, 1, 1)\nfn f() {\n  let a = 1.0 + 1u;\n}");
  await said(page, "It did not work");
  expect(await problems(page)).toEqual([expect.stringMatching(/^Shader, line 3, column \d+: .*operator \+/s)]);
  expect(await underlined(page, "error")).toBe(1);
  await page.waitForFunction(() => location.hash.startsWith("#layer="));

  await faulty(page, "swish", "y[i] = x[i]", "y[i + 3u] = x[i]");
  await said(page, "Run: done");
  expect(await page.$eval("[aria-labelledby=races-title] .findings", (e) => e.textContent))
    .toMatch(/^swish_forward writes past the end of y/);
  expect(await status(page)).toBe("Run: done, 2 faults found.");
  await faulty(page, "swish", "y[i]", "y[i % 36u * 8u + i / 36u]", "Check races");
  await said(page, "Check races: done, 1 hint found.");
  expect(await page.$eval(".hint", (e) => e.textContent)).toMatch(/^swish_forward, line 17 .*right, but slow/);
  expect([await underlined(page, "warning"), await problems(page)], "no fault").toEqual([1, []]);
  const endless = "for (var k = 0u; x[k] < 100.0; k = (k + 1u) % 4u) { y[i] += 1.0; }\n  y[i] += x[i]";
  await faulty(page, "swish", "y[i] = x[i]", endless);
  await said(page, "It did not work");
  expect(await problems(page)).toEqual([
    expect.stringMatching(/^Shader, line 17, column 1: swish_forward, line 17 .*: this loop does not end/),
  ]);
  expect(await longest(page)).toBeLessThan(1000);  // the page was never held up, which would be seen
  await held(page, 1000);

  await page.select("#limit", "5");
  await page.select("#example", "swish");
  await said(page, "Swish");
  await attempt(page, 1, "for (;;) {}");
  await said(page, "Ended.");
  expect(await page.$eval(".notice.bad", (e) => e.textContent))
    .toMatch(/No answer for 5 seconds.*nothing else is lost/);
  await page.select("#limit", "60");
  await write(page, 1, await (await fetch(`${site.url}playground/layers/swish.layer.js`)).text());
  await page.$eval(".notice.bad button", (e) => { (e as HTMLButtonElement).click(); });
  await said(page, "Run: done");

  await does(page, "Train LeNet");
  expect(await outcome(page), "of one text").toEqual(["Values", "LeNet with this layer"]);
  const right = await page.$eval("[aria-labelledby=train-title] .result > .soft", (e) => e.textContent);
  expect(right).toMatch(/^Epoch 2 of 2: [3-9]\d\.\d % of the test images right\.$/);
  await page.click("[aria-labelledby=train-title] .disclosure");
  const losses = await page.$$eval("[aria-labelledby=train-title] tbody td:nth-child(2)", (all) =>
    all.map((td) => Number(td.textContent)));
  expect(Math.min(...losses.slice(-5)), losses.join(" ")).toBeLessThan(losses[0] - 0.5);
  await type(page, 0, "\n");
  await does(page, "Run");
  expect(await outcome(page), "of another").toEqual(["Values"]);
  expect(bad).toEqual([]);
  await page.close();
}, 120_000);

test("a link's layer runs after a press alone", async () => {
  const { page, bad } = await open("playground/");
  await said(page, "Swish");
  await write(page, 1, "throw new TypeError('ran')");
  await page.waitForFunction(() => location.hash.startsWith("#layer="));
  const link = page.url();
  const second = await open(link.slice(link.indexOf("playground/")));
  await said(second.page, "A layer out of this address");
  expect(await second.page.$eval(".notice", (e) => e.textContent)).toMatch(/It has not run/);
  await new Promise((done) => { setTimeout(done, 500); });
  expect(second.page.workers()).toHaveLength(0);
  expect(await status(second.page)).toBe("A layer out of this address.");
  await press(second.page, "Run");
  await said(second.page, "It did not work");
  expect(await problems(second.page)).toEqual(["Layer, line 1, column 7: ran"]);
  // What it logs is on the page.
  await attempt(second.page, 1, "console.log('kernels', Object.keys(kernels), new Float32Array([1, NaN])); throw 0");
  await second.page.waitForFunction(() => document.querySelector(".problems li")?.textContent === "0");
  expect(await second.page.$eval(".logged", (e) => e.textContent))
    .toBe('kernels ["swish_forward","swish_backward"] [1, NaN]\n');
  await attempt(second.page, 1, "const a = 1;\nconst = 2;");
  await second.page.waitForFunction(() => /^Layer, line 2, column 6: .*Unexpected token/.test(
    document.querySelector(".problems li")?.textContent ?? ""));
  // Another link over this one, which changes what stands after the # alone.
  await second.page.waitForFunction((l) => location.href !== l, {}, link);
  await second.page.evaluate((l) => { location.href = l; }, link);
  await said(second.page, "A layer out of this address");
  expect([...bad, ...second.bad]).toEqual([]);
  await page.close();
  await second.page.close();
}, 60_000);

test("where the GPU process dies, the page says so, and where there is no GPU any more, to reload", async () => {
  const { page } = await open("playground/");
  await said(page, "Swish");
  await press(page, "Benchmark");
  await said(page, "Benchmark on");
  await crashGpu();
  await said(page, "It did not work");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/The browser took the GPU away/);
  await page.click(".notice.bad button");
  // This headless shell finds no adapter once its GPU process has crashed; a desktop browser starts another one.
  await page.waitForFunction(() =>
    /Benchmark: done/.test(document.querySelector(".status")?.textContent ?? "")
    || /There is no GPU to be had.*reload this tab/.test(document.querySelector(".notices")?.textContent ?? ""));
  await page.close();
}, 60_000);

test("without WebGPU the playground says so, and goes on saying it; "
  + "an example chosen over one's own work is undone", async () => {
  const { page, bad } = await open("playground/", withoutWebGPU);
  await said(page, "to run it needs WebGPU");
  await page.select("#example", "depthwise");
  await said(page, "Depthwise 3 × 3: an example");
  expect(await page.$eval(".notice.bad", (e) => e.textContent)).toMatch(/no WebGPU/);
  await write(page, 0, "// mine");
  await page.select("#example", "swish");
  await said(page, "Swish: an example");
  const text = () => page.evaluate(() =>
    document.querySelector(".editor")!.shadowRoot!.querySelector(".cm-content")!.textContent);
  expect(await text()).toMatch(/swish/i);
  await (await editor(page, 0)).click();
  await controlled(page, "KeyZ", "Enter");
  expect(await text()).toBe("// mine");
  expect(await page.$eval(".status", (e) => e.textContent)).not.toMatch(/…/);  // nothing runs
  expect(bad).toEqual([]);
  await page.close();
}, 60_000);
