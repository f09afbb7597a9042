// The worker's half of a page: a device, a run, and what the page wants to see of it. Training never runs in the page's own thread.
import { ConvoyError, FormatError, openDevice, readSafetensors, stateDict, summary, train, writeSafetensors, type Device, type Optimizer, type Run, type TensorToStore } from "convoy-gpu";
import { subset, type Dataset, type Split } from "convoy-gpu/data";
import { initOf, inputOf, optimizerOf, presetNames, tested, type Family, type Settings } from "./family.js";
import { together, type Description, type From, type FromWorker, type Picture, type ToWorker } from "./protocol.js";
import { judge } from "./judge.js";
import { look, type Wanted } from "./look.js";
import { chosen, fashion, published, type Kind } from "./source.js";
import { readSettings } from "./state.js";
import { vault, type Kept } from "./vault.js";

const SHOWN = 20;              // test images on the page
const LARGEST = 2 ** 29;       // bytes of a checkpoint that is kept in the browser's files
const LOOK = 1000, KEEP = 5000;  // milliseconds between two looks, two snapshots: more if they take long

const port = globalThis as unknown as {
  postMessage(message: FromWorker, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent<ToWorker>) => void) | null;
};

/** Waits its turn: `due()` is true once `rest` milliseconds, and eight times what the last turn took, have passed. */
function turns(rest: number) {
  let next = 0, busy: Promise<void> | undefined;
  return {
    due: () => !busy && performance.now() >= next,
    busy: () => busy !== undefined,
    /** Takes a turn, unless one is being taken. */
    async take(work: () => Promise<void>): Promise<void> {
      if (busy) return;
      const begun = performance.now();
      try { await (busy = work()); } finally {
        busy = undefined;
        next = performance.now() + Math.max(rest, 8 * (performance.now() - begun));
      }
    },
    /** Resolves when no turn is being taken. */
    idle: () => (busy ?? Promise.resolve()).catch(() => {}),
  };
}

/** Answers the page's messages for one family. `data` is the folder of Fashion-MNIST. */
export function serve(family: Family, data: URL): void {
  let device: Device | undefined, source = published(data), kind: Kind = fashion, name = "Fashion-MNIST", run: Run | undefined, settings: Settings = {};
  let generation = 0, total = 0, optimizer: { lr: number } = { lr: 0 }, snapshot: { kept: Kept; file: Uint8Array<ArrayBuffer> } | undefined, shown: Dataset | undefined;
  let looks = turns(LOOK), keeps = turns(KEEP), judges = turns(KEEP);
  let id = 0, missed = false, following = Promise.resolve(), closing = Promise.resolve();
  const wanted: Wanted = { image: 0, layer: 0 }, store = vault(family.title);

  /** Tells the page what went wrong, once a run: all that waits for a lost device fails. */
  function fail(error: unknown, of = generation): void {
    if (of !== generation) return;
    generation++;
    run?.stop();
    const code = error instanceof ConvoyError ? error.code : "bug", message = error instanceof Error ? error.message : String(error);
    port.postMessage({ type: "failed", code, message, snapshot: code === "non-finite" ? undefined : snapshot?.kept.step });
  }

  async function open(): Promise<void> {
    const opened = device = await openDevice();
    // A run that stands still would not notice.
    void opened.gpu.lost.then(({ reason, message }) => {
      if (opened === device && reason !== "destroyed") fail(new ConvoyError("device-lost", message || "the browser gave no reason"));
    });
    port.postMessage({ type: "adapter", adapter: opened.adapter });
    plan();
  }

  function describe(of: Settings, { shape, classes }: Kind = kind): Description {
    const { toString: _, ...network } = summary(family.build(of, classes), { input: inputOf(shape, of), batch: Number(of.batch), optimizer: optimizerOf(of), adapter: device?.adapter });
    return network;
  }

  function tell(): void {
    port.postMessage({ type: "network", network: describe(settings), input: inputOf(kind.shape, settings) });
  }

  async function start(from: From | undefined, newId: number): Promise<void> {
    let brought: { file: Uint8Array<ArrayBuffer>; kept: Kept } | undefined;
    try { brought = typeof from === "object" ? { file: from.file, kept: keptOf(from, newId) } : undefined; } catch (error) {
      port.postMessage({ type: "unread", message: error instanceof Error ? error.message : String(error) });
      return;
    }
    const mine = ++generation, stale = () => mine !== generation, old = run, uses = [looks, keeps, judges].map((t) => t.idle());
    run = undefined;
    old?.stop();
    closing = Promise.all([closing, following, ...uses]).then(() => { old?.destroy(); });  // not while something plays on its buffers
    try {
      await closing;
      const saved = from === "device" ? snapshot : from === "vault" ? await store.load() : brought;
      if (stale()) return;
      snapshot = from === "device" || from === "vault" ? saved : undefined;
      if (saved) settings = understood(saved.kept.settings);
      id = saved?.kept.run ?? newId;
      total = saved?.kept.step ?? 0;
      port.postMessage({ type: "preparing", from: total, settings, run: id });
      if (from === "device") { device?.destroy(); await open(); }
      tell();
      const all = await source.at(sideOf(settings));
      if (stale() || !device) return;
      const test = device.adapter.software ? subset(all.test, tested(settings, all.test.size)) : all.test, some = { ...all, test, train: subset(all.train, Math.min(all.train.size, Number(settings.images))) };
      const steered: Optimizer & { lr: number } = { ...optimizerOf(settings) };
      const { shape, classes } = all.train, [, H, W] = inputOf(shape, settings), resize = H === shape[1] && W === shape[2] ? undefined : H;
      const made = await train(family.build(settings, classes.length), { device, data: some, resize, init: initOf(settings), batch: Number(settings.batch), epochs: Number(settings.epochs), optimizer: steered, seed: Number(settings.seed) });
      if (stale()) { made.destroy(); return; }
      try {
        if (saved && total) made.restore(saved.file, typeof from === "object" ? from.name : "the checkpoint");
        else if (saved) made.load(stateDict(saved.file, typeof from === "object" ? from.name : undefined));
      } catch (error) { made.destroy(); throw error; }
      made.pause();
      [run, optimizer, shown, looks, keeps, judges] = [made, steered, subset(all.test, Math.min(SHOWN, all.test.size)), turns(LOOK), turns(KEEP), turns(KEEP)];
      port.postMessage({ type: "ready", steps: made.stepsPerEpoch, classes: shown.classes, shape: shown.shape, pictures: pictures(shown), trained: some.train.size, tested: test.size });
      void see();
      following = follow(made, mine);
    } catch (error) { fail(error, mine); }
  }

  /** Drives a run to its end, and tells of it. Looking and keeping go on beside: the loop waits for neither. */
  async function follow(mine: Run, of: number): Promise<void> {
    try {
      for await (const progress of mine) {
        if (of !== generation) return;
        total += progress.losses.length;
        port.postMessage({ type: "progress", progress, total });
        if (looks.due() || mine.paused) void see();
        if (keeps.due()) void keep(mine);
        if (judges.due() && (progress.epochEnd || mine.paused)) void judgeNow(mine);
      }
      if (of !== generation || mine.epoch < mine.epochs) return;
      void see();
      rest(mine);
      port.postMessage({ type: "finished" });
    } catch (error) { fail(error, of); }
  }

  function see(): Promise<void> {
    const of = generation, mine = run, data = shown;
    missed = looks.busy();
    return looks.take(async () => {
      if (!mine || !data) return;
      const asked = { ...wanted }, seen = await look(mine, data, asked);
      if (of !== generation) return;
      port.postMessage(seen);
      if (missed || asked.image !== wanted.image || asked.layer !== wanted.layer || asked.own !== wanted.own) setTimeout(() => { void see(); });
    }).catch((error: unknown) => { fail(error, of); });
  }

  /** Keeps the run in memory, for a lost device, and in the browser's files, for another visit. */
  function keep(mine: Run): Promise<void> {
    const of = generation;
    return keeps.take(async () => {
      if (!mine.session.steps) return;
      const kept = { settings: { ...settings, rate: optimizer.lr }, data: name, run: id, epoch: mine.epoch + 1, step: mine.session.steps, at: Date.now() }, file = await mine.save();
      if (of !== generation) return;
      snapshot = { kept, file };
      const done = file.length <= LARGEST && await store.save(kept, file);
      port.postMessage({ type: "kept", step: done ? kept.step : undefined, bytes: file.length, most: LARGEST });
    }).catch((error: unknown) => { fail(error, of); });
  }

  /** Settings out of a file, as far as this page knows them; the rest stays as it is. */
  const understood = (given: Settings) => readSettings(family.controls, settings, new URLSearchParams(Object.entries(given).map(([key, value]) => [key, String(value)])).toString());

  /** What a file of the visitor's says of its settings; weights alone begin at step 0. Throws where they are not this network's. */
  function keptOf({ file, name: of }: Exclude<From, string>, newId: number): Kept {
    const { metadata } = readSafetensors(file, of), number = (key: string) => Number(metadata.get(key) ?? 0), whole = metadata.has("optimizer");
    let known: Settings = whole ? Object.fromEntries(["batch", "images", "seed"].map((key) => [key, number(key)])) : {};
    try { known = { ...known, ...JSON.parse(metadata.get("settings") ?? "{}") as Settings }; } catch { /* of another program */ }
    const { parameters } = describe(understood(known)), held = [...stateDict(file, of)].reduce((sum, [path, { data }]) => sum + (/\.(weight|bias)$/.test(path) ? data.length : 0), 0);
    if (held !== parameters) throw new FormatError(`${of} holds ${held} parameters, and this network has ${parameters}; choose the settings, or the page, that it was trained with`, { held, parameters });
    return { settings: { ...settings, ...known }, data: name, run: newId, epoch: whole ? number("epoch") + 1 : 1, step: whole ? number("steps") : 0, at: Date.now() };
  }

  /** Looks at all test images: at the end of an epoch, and in a pause. */
  function judgeNow(mine: Run): Promise<void> {
    const step = total, of = generation, { test } = mine;
    return judges.take(async () => {
      if (test && step) { const judgement = judge(test.data, await test.probabilities()); if (of === generation) port.postMessage({ type: "judged", step, judgement }); }
    }).catch((error: unknown) => { fail(error, of); });
  }

  /** What is done once a run stands still: it is kept and judged as it is then, also when that has just been done. */
  function rest(mine: Run): void {
    void keeps.idle().then(() => keep(mine));
    void judges.idle().then(() => judgeNow(mine));
  }

  /** The run as a file, with this page's settings, so that it is opened with them. */
  async function save(whole: boolean): Promise<void> {
    if (!run) return;
    const { tensors, metadata } = readSafetensors(await run.save({ optimizer: whole })), all = { ...Object.fromEntries(metadata), settings: JSON.stringify({ ...settings, rate: optimizer.lr }) };
    const file = writeSafetensors(tensors as ReadonlyMap<string, TensorToStore>, all);
    port.postMessage({ type: "saved", file, optimizer: whole }, [file.buffer]);
  }

  function plan(): void {
    const plans = presetNames.map((preset) => [preset, describe(family.presets[preset])] as const);
    port.postMessage({ type: "presets", plans: plans.map(([preset, { memory, largest }]) => ({ name: preset, bytes: together(memory), largest: largest.bytes })) });
  }

  /** Goes over to another data set, if it is one and the network takes it. */
  async function change(files: readonly File[]): Promise<void> {
    try {
      const next = files.length ? chosen(files) : published(data), all: Split = await next.at(sideOf(settings)), { shape, classes, size } = all.train;
      const of: Kind = { shape, classes: classes.length };
      describe(settings, of);
      [source, kind, name] = [next, of, next.own ? all.name : "Fashion-MNIST"];
      port.postMessage({ type: "data", data: { name, own: next.own, ...of, train: size, test: all.test.size } });
      plan();
    } catch (error) { port.postMessage({ type: "refused", message: error instanceof Error ? error.message : String(error) }); }
  }

  plan();
  void store.look().then((kept) => { if (kept) port.postMessage({ type: "found", kept }); });
  port.onmessage = ({ data: message }) => {
    switch (message.type) {
      case "open": void open().catch(fail); break;
      case "describe": settings = message.settings; try { tell(); } catch (error) { fail(error); } break;
      case "start": settings = message.settings; void start(message.from, message.run); break;
      case "data": settings = message.settings; void change(message.files); break;
      case "discard": void store.clear(); break;
      case "train": run?.resume(); break;
      case "pause": run?.pause(); void see(); if (run) rest(run); break;
      case "step": void run?.step(); break;
      case "rate": optimizer.lr = message.value; break;
      case "look": [wanted.image, wanted.layer] = [message.image, message.layer]; void see(); break;
      case "own": wanted.own = message.pixels; void see(); break;
      case "save": void save(message.optimizer).catch(fail); break;
    }
  };
}

/** What images in folders are read at: where no setting says it, as large as Fashion-MNIST's. */
const sideOf = ({ size }: Settings) => Number(size ?? fashion.shape[1]);

function pictures({ images, labels, size }: Dataset): Picture[] {
  const each = images.length / size;
  return Array.from({ length: size }, (_, i) => ({ pixels: images.slice(i * each, (i + 1) * each), label: labels[i] }));
}
