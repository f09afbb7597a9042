// The worker's half of a page: a device, a run, and what the page wants to see of it. The page itself never trains.
import { ConvoyError, openDevice, stateDict, summary, type Device, type Run } from "convoy-gpu";
import { subset, type Dataset, type Split } from "convoy-gpu/data";
import { knownOf, mustHold, standing, withSettings } from "./checkpoint.js";
import { inputOf, optimizerOf, presetNames, type Family, type Settings } from "./family.js";
import {
  textOf, together, type Description, type From, type FromWorker, type Port, type ToWorker,
} from "./protocol.js";
import { judge } from "./judge.js";
import { look, picturesOf, type Wanted } from "./look.js";
import { make } from "./making.js";
import { chosen, fashion, published, sideOf, type Kind } from "./source.js";
import { turns } from "./turns.js";
import { vault, type Kept } from "./vault.js";

const SHOWN = 20;              // test images on the page
const LARGEST = 2 ** 29;       // bytes of a checkpoint that is kept in the browser's files
const LOOK = 1000, KEEP = 5000;  // milliseconds between two looks, two snapshots: more if they take long

const port = globalThis as unknown as Port<ToWorker, FromWorker>;

interface Snapshot { readonly kept: Kept; readonly file: Uint8Array<ArrayBuffer> }

/** Answers the page's messages for one family. `data` is the folder of Fashion-MNIST. */
export function serve(family: Family, data: URL): void {
  let device: Device | undefined, run: Run | undefined, shown: Dataset | undefined, settings: Settings = {};
  let source = published(data), kind: Kind = fashion, name = "Fashion-MNIST";
  let generation = 0, total = 0, optimizer: { lr: number } = { lr: 0 };
  let snapshot: Snapshot | undefined, carried: Promise<Snapshot> | undefined, asked = 0, changes = 0;
  let looks = turns(LOOK), keeps = turns(KEEP), judges = turns(KEEP);
  let id = 0, missed = false, following = Promise.resolve(), closing = Promise.resolve();
  let saving: Promise<unknown> = Promise.resolve();
  const wanted: Wanted = { image: 0, layer: 0, from: 0 }, store = vault(family.title);

  /** Tells the page what went wrong, once a run: all that waits for a lost device fails. */
  function fail(error: unknown, of = generation): void {
    if (of !== generation) return;
    generation++;
    run?.stop();
    const code = error instanceof ConvoyError ? error.code : "bug";
    const step = code === "non-finite" ? undefined : snapshot?.kept.step;
    port.postMessage({ type: "failed", code, message: textOf(error), snapshot: step });
  }

  async function open(): Promise<void> {
    const opened = device = await openDevice();
    // A run that stands still would not notice.
    void opened.gpu.lost.then(({ reason, message }) => {
      if (opened !== device || reason === "destroyed") return;
      fail(new ConvoyError("device-lost", message || "the browser gave no reason"));
    });
    port.postMessage({ type: "adapter", adapter: opened.adapter });
    plan();
  }

  function describe(of: Settings, { shape, classes }: Kind = kind): Description {
    const { toString: _, ...network } = summary(family.build(of, classes), {
      input: inputOf(shape, of), batch: Number(of.batch), optimizer: optimizerOf(of), adapter: device?.adapter,
    });
    return network;
  }

  function tell(): void {
    port.postMessage({ type: "network", network: describe(settings), input: inputOf(kind.shape, settings) });
  }

  async function start(from: From | undefined, newId: number): Promise<void> {
    let brought: Snapshot | undefined;
    try {
      if (typeof from === "object") brought = { file: from.file, kept: keptOf(from, newId) };
    } catch (error) { port.postMessage({ type: "unread", message: textOf(error) }); return; }
    const ask = ++asked, before = generation;
    if (from === "on" && run && (await held(run), before !== generation)) return;  // it failed
    if (ask !== asked) return;
    const mine = ++generation, stale = () => mine !== generation;
    const old = run, uses = [saving, ...[looks, keeps, judges].map((t) => t.idle())];
    // Asked to go on twice, it goes on from what it was at first.
    carried = from !== "on" ? undefined : old ? caught(old) : carried;
    run = undefined;
    old?.stop();
    // Not while something plays on its buffers.
    closing = Promise.all([closing, following, carried?.catch(() => {}), ...uses]).then(() => { old?.destroy(); });
    try {
      await closing;
      const saved = await (from === "device" ? snapshot : from === "vault" ? store.load() : carried ?? brought);
      if (stale()) return;
      snapshot = typeof from === "string" ? saved : undefined;
      const restored = saved !== undefined && from !== "on";
      if (restored) settings = understood(saved.kept.settings);
      id = saved?.kept.run ?? newId;
      wanted.from = total = saved?.kept.step ?? 0;
      port.postMessage({ type: "preparing", from: total, settings: restored ? settings : undefined, run: id });
      if (from === "device") { device?.destroy(); await open(); }
      tell();
      const all = await source.at(sideOf(settings));
      if (stale() || !device) return;
      const { run: made, optimizer: steered, trained, tested } = await make(family, settings, all, device);
      if (stale()) { made.destroy(); return; }
      try {
        if (saved && total) made.restore(saved.file, typeof from === "object" ? from.name : "the checkpoint");
        else if (saved) made.load(stateDict(saved.file, typeof from === "object" ? from.name : undefined));
      } catch (error) { made.destroy(); throw error; }
      made.pause();
      steered.lr = Number(settings.rate);  // which may have changed while the run was made
      [run, optimizer, shown] = [made, steered, subset(all.test, Math.min(SHOWN, all.test.size))];
      [looks, keeps, judges] = [turns(LOOK), turns(KEEP), turns(KEEP)];
      port.postMessage({
        type: "ready", steps: made.stepsPerEpoch, classes: shown.classes, shape: shown.shape,
        pictures: picturesOf(shown), trained, tested,
      });
      void see();
      if (restored) void judgeNow(made);
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
      const other = asked.image !== wanted.image || asked.layer !== wanted.layer || asked.own !== wanted.own;
      if (missed || other) setTimeout(() => { void see(); });
    }).catch((error: unknown) => { fail(error, of); });
  }

  /** Holds a run until it has told of all its steps. */
  async function held(mine: Run): Promise<void> {
    const of = generation;
    mine.pause();
    while (of === generation && total < mine.session.steps) await new Promise((done) => { setTimeout(done, 10); });
  }

  /** The run as it stands. */
  async function caught(mine: Run): Promise<Snapshot> {
    const kept = { settings, data: name, run: id, epoch: mine.epoch + 1, step: mine.session.steps, at: Date.now() };
    return { kept, file: await mine.save() };
  }

  /** Keeps the run in memory, for a lost device, and in the browser's files, for another visit. */
  function keep(mine: Run): Promise<void> {
    const of = generation;
    return keeps.take(async () => {
      if (!mine.session.steps) return;
      const taken = await caught(mine), { kept, file } = taken;
      if (of !== generation) return;
      snapshot = taken;
      const unkept = file.length > LARGEST ? "too large" : await store.save(kept, file);
      port.postMessage({ type: "kept", step: kept.step, unkept, bytes: file.length });
    }).catch((error: unknown) => { fail(error, of); });
  }

  const understood = (given: Settings) => knownOf(family.controls, settings, given);

  /** What a file of the visitor's says of its run. Throws where it is not of this network. */
  function keptOf({ file, name: of }: Exclude<From, string>, newId: number): Kept {
    const { known, epoch, step } = standing(file, of);
    mustHold(describe(understood(known)).parameters, file, of);
    return { settings: { ...settings, ...known }, data: name, run: newId, epoch, step, at: Date.now() };
  }

  /** Looks at all test images: at the end of an epoch, and in a pause. */
  function judgeNow(mine: Run): Promise<void> {
    const step = total, of = generation, { test } = mine;
    return judges.take(async () => {
      if (!test || !step) return;
      const judgement = judge(test.data, await test.probabilities());
      if (of === generation) port.postMessage({ type: "judged", step, judgement });
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
    const of = settings, mine = generation;
    try {
      const file = withSettings(await run.save({ optimizer: whole }), of);
      port.postMessage({ type: "saved", file, optimizer: whole }, [file.buffer]);
    } catch (error) { fail(error, mine); }
  }

  function plan(): void {
    const plans = presetNames.map((preset) => {
      const { memory, largest } = describe(family.presets[preset]);
      return { name: preset, bytes: together(memory), largest: largest.bytes };
    });
    port.postMessage({ type: "presets", plans });
  }

  /** Goes over to another data set, if it is one and the network takes it. */
  async function change(files: readonly File[]): Promise<void> {
    const mine = ++changes;
    try {
      const next = files.length ? chosen(files) : published(data), all: Split = await next.at(sideOf(settings));
      if (mine !== changes) return;  // others were chosen meanwhile
      const { shape, classes, size } = all.train, of: Kind = { shape, classes: classes.length };
      describe(settings, of);
      [source, kind, name] = [next, of, next.own ? all.name : "Fashion-MNIST"];
      port.postMessage({ type: "data", data: { name, own: next.own, ...of, train: size, test: all.test.size } });
      plan();
    } catch (error) { if (mine === changes) port.postMessage({ type: "refused", message: textOf(error) }); }
  }

  plan();
  void store.look().then((kept) => { if (kept && !snapshot) port.postMessage({ type: "found", kept }); });
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
      case "rate": settings = { ...settings, rate: optimizer.lr = message.value }; break;
      case "look": [wanted.image, wanted.layer] = [message.image, message.layer]; void see(); break;
      case "own": wanted.own = message.pixels; void see(); break;
      case "save": saving = Promise.all([saving, save(message.optimizer)]); break;
    }
  };
}
