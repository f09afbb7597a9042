// The page of a family: what is shared by all of them. It only shows; training happens in its worker (trainer.ts).
import type { Adapter } from "convoy-gpu";
import { judgementView } from "./confusion.js";
import { dataCard, type DataFacts } from "./data.js";
import { deck } from "./deck.js";
import { diagram } from "./diagram.js";
import { card, download, el, keepStrayFiles, number, percent } from "./dom.js";
import { type Control, type Family, type Settings, type Value } from "./family.js";
import { filesCard } from "./files.js";
import { plain, settingsForm } from "./form.js";
import { testImages } from "./images.js";
import { inspector } from "./inspector.js";
import { journal } from "./journal.js";
import { failure, noticeBoard, noWebGpu } from "./notices.js";
import { adapterPanel, memoryPanel } from "./panels.js";
import { presetFor } from "./presets.js";
import type { From, FromWorker, ImageShape, PresetPlan, ToWorker } from "./protocol.js";
import { startWorker } from "./protocol.js";
import { sketch } from "./sketch.js";
import { readSettings, writeSettings } from "./state.js";

/** Fills the element #trainer. `script` is the family's worker, in which `serve(family)` listens. */
export function openPage(family: Family, script: URL): void {
  const root = document.getElementById("trainer");
  if (!root) return;
  const worker = startWorker(script, receive, (message) => { receive({ type: "failed", code: "bug", message }); });
  let adapter: Adapter | undefined, plans: readonly PresetPlan[] = [];
  let settings: Settings = readSettings(family.controls, family.presets.article);
  let begin = false, restored = 0;  // train as soon as the run is ready; steps that it has behind it
  let perEpoch = Infinity, goingOn = false;  // steps; whether a run that is being prepared is the present one
  let classes: readonly string[] = [], shape: ImageShape = [1, 28, 28];
  let facts: DataFacts = { name: "Fashion-MNIST", own: false, shape, classes: 10, train: 10_000, test: 2_000 };
  const look = { image: 0, layer: 0 };
  const send = (message: ToWorker) => { worker.postMessage(message); };

  const bar = deck({
    train: () => { bar.state = "training"; bar.say("Training."); send({ type: "train" }); },
    more: (epochs) => {
      settings = { ...settings, epochs: Number(settings.epochs) + epochs };
      writeSettings(settings);
      form.show(settings);
      goOn(true);
    },
    pause: () => { bar.state = "paused"; bar.say("Paused."); send({ type: "pause" }); },
    step: () => { bar.state = "paused"; bar.say("One step."); send({ type: "step" }); },
    reset: () => { start("A new run, from the beginning."); },
  });
  const curves = journal(family), memory = memoryPanel();
  const device = el("div", {}, el("p", { class: "soft" }, "Looking for one …"));
  const images = testImages((image) => { look.image = image; send({ type: "look", ...look }); });
  const inside = inspector((layer) => { look.layer = layer; send({ type: "look", ...look }); });
  const network = diagram(inside.open);
  network.element.addEventListener("click", ({ target }) => {
    if ((target as Element).closest(".chip")) inside.reveal();
  });
  const judged = judgementView(), own = sketch((pixels) => { send({ type: "own", pixels }); });
  const files = filesCard({
    save: (optimizer) => { send({ type: "save", optimizer }); },
    // What is there goes on if it is no checkpoint.
    open: (file, name) => {
      if (!adapter) { files.refuse("It can be opened once there is a device to train on."); return; }
      bar.say(`Opening ${name} …`);
      send({ type: "start", settings, from: { file, name }, run: Date.now() });
    },
  });
  keepStrayFiles();
  const data = dataCard((files) => { bar.say("Reading the data set …"); send({ type: "data", files, settings }); });
  const board = noticeBoard(() => ({ adapter, settings, data: facts }),
    () => { start("Resuming …", "vault"); }, () => { send({ type: "discard" }); });
  const form = settingsForm(family, (name) => {
    settings = { ...readSettings(family.controls, family.presets[name], ""), seed: settings.seed };
    writeSettings(settings);
    form.show(settings);
    if (adapter) start("A new run with other settings."); else send({ type: "describe", settings });
  }, changed);

  inside.element.hidden = own.element.hidden = true;  // until there is something to see
  root.replaceChildren(
    board.element, bar.element,
    el("div", { class: "columns" },
      form.element, el("div", { class: "charts" }, ...curves.charts, images.element),
      data.element, curves.runs),
    network.element, inside.element, judged.element, own.element,
    el("div", { class: "facts-row" }, files.element, memory.element, card({ id: "device", title: "Device" }, device)));

  function changed({ name, live, label, text = plain }: Control, value: Value): void {
    settings = { ...settings, [name]: value };
    writeSettings(settings);
    form.check(settings);
    if (live) { curves.alter(name, value); send({ type: "rate", value: Number(value) }); }
    else if (name === "epochs" && canGoOn(Number(value))) goOn(bar.state === "training");
    else if (adapter) start(`A new run: ${label.toLowerCase()} ${text(value)}.`);
    else send({ type: "describe", settings });
  }

  /** Whether the present run can have so many epochs: it has not gone further. */
  function canGoOn(epochs: number): boolean {
    const stands = ["paused", "training", "finished"].includes(bar.state) || goingOn;
    return stands && curves.reached > 0 && curves.reached <= epochs * perEpoch;
  }
  /** The present run, with as many epochs as the settings say: the bits of one that had them from the start. */
  function goOn(training: boolean): void {
    begin ||= training;
    start(`To epoch ${settings.epochs} …`, "on");
  }

  /** Begins a run; a kept one is known by what the worker says of it. */
  function start(why: string, from?: From): void {
    goingOn = from === "on";
    begin &&= from !== undefined;
    bar.state = "waiting";
    bar.say(why);
    board.tell();
    send({ type: "start", settings, from, run: Date.now() });
  }

  function receive(message: FromWorker): void {
    switch (message.type) {
      case "adapter": {
        const first = !adapter;
        adapter = message.adapter;
        device.replaceChildren(adapterPanel(adapter));
        if (!first) break;
        curves.idle();
        form.plans(plans, adapter);
        settings = readSettings(family.controls, family.presets[presetFor(adapter, plans)]);
        writeSettings(settings);
        form.show(settings);
        start(`Preparing on ${adapter.name} …`);
        break;
      }
      case "network": {
        network.show(message.network, message.input);
        memory.show(message.network);
        form.needs(message.network);
        break;
      }
      case "data": {
        data.show(facts = message.data);
        if (adapter) start(`A new run, on ${facts.name}.`); else send({ type: "describe", settings });
        break;
      }
      case "refused": data.refuse(message.message); bar.say(`The data set stays ${facts.name}.`); break;
      case "presets": plans = message.plans; form.plans(plans, adapter); break;
      case "unread": {
        files.refuse(message.message);
        bar.say("The file was not opened; the run goes on as it was.");
        break;
      }
      case "preparing": {
        bar.state = "waiting";
        board.tell();
        const same = curves.goesOn(message.run, message.from);
        if (message.settings) {
          settings = message.settings;
          writeSettings(settings);
          form.show(settings);
        }
        curves.begin({ ...settings, data: facts.name }, message.run, message.from);
        if (!same) {
          bar.clear();
          bar.more = Number(settings.epochs);
        }
        [restored, files.ready] = [message.from, false];
        break;
      }
      case "ready": {
        images.element.hidden = own.element.hidden = false;
        [classes, shape] = [message.classes, message.shape];
        images.show(message.pictures, shape, classes);
        own.begin(shape, classes, facts.own);
        judged.element.hidden = !message.tested;
        if (!goingOn) judged.begin(classes);
        [inside.classes, bar.state, files.ready] = [classes, "paused", true];
        const { steps } = message, epochs = Number(settings.epochs);
        [perEpoch, goingOn] = [steps, false];
        const epoch = Math.min(Math.floor(restored / steps) + 1, epochs), step = restored - (epoch - 1) * steps;
        if (restored) bar.place({ epoch, epochs, step, steps }, curves.curve);
        bar.say(`${restored ? `Restored at step ${number(restored)}, in epoch ${epoch}` : "Ready"}: `
          + `${number(message.steps)} steps an epoch, `
          + `${number(message.trained)} training and ${number(message.tested)} test images.`);
        look.image = Math.min(look.image, message.pictures.length - 1);
        if (look.image) send({ type: "look", ...look });
        if (begin) { begin = false; bar.state = "training"; bar.say("Training."); send({ type: "train" }); }
        break;
      }
      case "progress": {
        const { progress: p, total } = message, all = p.epochs * p.steps;
        const smoothed = curves.add(p, total);
        bar.show(p, smoothed);
        bar.say(`Epoch ${p.epoch} of ${p.epochs}, step ${number(total)} of ${number(all)}: `
          + `loss ${number(smoothed, 3)}, ${percent(p.accuracy)} right, `
          + `${number(p.imagesPerSecond)} images a second.`, false);
        break;
      }
      case "finished": bar.state = "finished"; bar.say("Finished. Train on, or Reset for a new run."); break;
      case "seen": {
        images.mark(message.predictions, message.inside?.step);
        inside.element.hidden = false;
        if (message.inside) inside.show(message.inside);
        if (message.own) own.show(message.own);
        break;
      }
      case "judged": judged.show(message.judgement, classes, shape, message.step); break;
      case "saved": {
        const part = message.optimizer ? "-checkpoint" : "";
        download(message.file, `${family.title.toLowerCase()}${part}.safetensors`);
        break;
      }
      case "kept": {
        files.kept(message.step, message.bytes, message.unkept);
        board.found(undefined);
        break;
      }
      case "found": board.found(message.kept); break;
      case "failed": {
        const resume = () => { begin = message.code === "device-lost"; start("Opening a new device …", "device"); };
        const again = () => {
          if (adapter) { start("A new run, from the beginning."); return; }
          bar.say("Looking for a device …");
          board.tell();
          send({ type: "open" });
        };
        bar.state = adapter ? "failed" : "waiting";
        images.element.hidden = !classes.length;
        if (adapter) bar.say("Stopped."); else idle("There is no device to train on.");
        board.tell(failure(message.code, message.message, message.snapshot, adapter ? resume : again, again));
        break;
      }
    }
  }

  /** Says where a device would be needed that there is none. */
  function idle(why: string): void {
    curves.idle(why);
    bar.say(why);
    device.replaceChildren(el("p", { class: "soft" }, "None."));
  }

  data.show(facts);
  form.show(settings);
  send({ type: "describe", settings });
  if ("gpu" in navigator) send({ type: "open" });
  else {
    images.element.hidden = true;
    idle("Training needs WebGPU.");
    board.tell(noWebGpu("The description of the network below needs no GPU; training does."));
  }
}
