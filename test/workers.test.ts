// What pages' workers, and the list of runs, do when things go wrong or come late: here without a browser.
import { afterEach, expect, test, vi } from "vitest";
import type { FromWorker } from "../examples/shared/protocol.js";
import { flatten, linear, Run, sequential, writeSafetensors } from "../src/index.js";
import { noise } from "./noise.js";
import { openTestDevice } from "./support.js";

vi.mock("../src/index.js", async (original) => ({ ...await original<object>(), openDevice: () => openTestDevice() }));
vi.mock("../examples/shared/source.js", async (original) => ({
  ...await original<object>(),
  published: () => ({ own: false, at: async () => ({ train: noise(16, [1, 28, 28]), test: noise(4, [1, 28, 28]) }) }),
}));
afterEach(() => { vi.unstubAllGlobals(); vi.restoreAllMocks(); });

/** What a worker says from here on, and how to ask it. */
function listen() {
  const said: FromWorker[] = [];
  vi.stubGlobal("postMessage", (message: FromWorker) => { said.push(message); });
  const count = (type: string) => said.filter((message) => message.type === type).length;
  return {
    said, count, ask: (data: object) => { (globalThis as unknown as Worker).onmessage!({ data } as MessageEvent); },
    until: (type: string, times = 1) => vi.waitFor(() => { expect(count(type)).toBe(times); }, { timeout: 60_000 }),
  };
}

test("a save that fails after a reset leaves the new run alone; one that succeeds still comes", async () => {
  const { serve } = await import("../examples/shared/trainer.js"), page = listen();
  const settings = { batch: 8, rate: 0.1, momentum: 0, images: 16, epochs: 1, seed: 1 };
  serve({
    title: "T", controls: [], presets: { tiny: settings, quick: settings, article: settings },
    build: () => sequential(flatten(), linear({ units: 10 })),
  }, new URL("file:///"));
  page.ask({ type: "open" });
  await page.until("adapter");
  page.ask({ type: "start", settings, run: 1 });
  await page.until("ready");
  const destroy = vi.spyOn(Run.prototype, "destroy"), file = writeSafetensors(new Map());
  vi.spyOn(Run.prototype, "save").mockImplementationOnce(async () => {
    await new Promise((resolve) => { setTimeout(resolve, 200); });
    expect(destroy).not.toHaveBeenCalled();
    return file;
  });
  page.ask({ type: "save", optimizer: true });
  page.ask({ type: "start", settings, run: 2 });
  await page.until("ready", 2);
  await page.until("saved");
  expect(destroy).toHaveBeenCalledOnce();
  vi.spyOn(Run.prototype, "save").mockRejectedValueOnce(new Error("no memory"));
  page.ask({ type: "save", optimizer: true });
  page.ask({ type: "start", settings, run: 3 });
  await page.until("ready", 3);
  page.ask({ type: "save", optimizer: true });
  await page.until("saved", 2);
  expect(page.count("failed")).toBe(0);
  vi.spyOn(Run.prototype, "save").mockRejectedValueOnce(new Error("no memory"));
  page.ask({ type: "save", optimizer: true });
  await page.until("failed");
});

test("the benchmark's worker does not keep the device that it failed on", async () => {
  const page = listen(), device = await openTestDevice(), destroy = vi.spyOn(device, "destroy").mockReturnValue();
  await import("../examples/benchmark/worker.js");
  page.ask({ type: "measure", choice: {}, roofline: {} });
  await page.until("failed");
  expect(destroy).toHaveBeenCalledOnce();
});

test("the oldest of the runs that are kept goes on with its curve", async () => {
  const element: unknown = new Proxy(() => element, { get: () => element });
  const curve = { steps: [1, 2], losses: [2, 1], means: [2, 1], epochs: [] };
  const kept = [5, 4, 3, 2, 1].map((id) => ({ id, settings: {}, curve, colour: id - 1, shown: true }));
  const stored = new Map([["convoy runs T", JSON.stringify(kept)]]);
  vi.stubGlobal("document", element);
  vi.stubGlobal("addEventListener", () => {});
  vi.stubGlobal("localStorage", { getItem: (key: string) => stored.get(key), setItem: stored.set.bind(stored) });
  const { runs } = await import("../examples/shared/runs.js"), nothing = () => {};
  const list = runs({ title: "T", controls: [] }, nothing, nothing);
  list.curve = curve;
  list.begin({}, 1);
  expect([list.now.id, list.now.curve]).toEqual([1, curve]);
  expect(list.drawn.past.map(({ colour }) => colour)).toEqual([0, 4, 3, 2, 1].map((n) => `--past-${n}`));
});
