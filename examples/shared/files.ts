// The card for checkpoints: what the page keeps by itself, and files to take away and to bring.
import { button, bytes, card, drops, el, number } from "./dom.js";
import { sentence } from "./notices.js";
import { textOf, type Unkept } from "./protocol.js";

export interface FileCommands {
  save(optimizer: boolean): void;
  open(file: Uint8Array<ArrayBuffer>, name: string): void;
}

const reasons: Readonly<Record<Unkept, (size: number) => string>> = {
  "too large": (size) => `A checkpoint of this network has ${bytes(size)}, too much to be kept by itself: `
    + "save it as a file.",
  "other tab": () => "Another tab keeps its own run of this network in this browser, so this one is not kept: "
    + "save it as a file, or close that tab.",
  "no files": () => "This browser lets the page keep no files, so nothing is kept by itself.",
};

export function filesCard({ save, open }: FileCommands) {
  const kept = el("p", { class: "soft" },
    "Nothing is kept yet. While it trains, this page keeps the run by itself, in this browser.");
  const input = el("input", { type: "file", accept: ".safetensors", id: "checkpoint-file" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const all = button("Save checkpoint", () => { save(true); }, { disabled: true });
  const weights = button("Save weights", () => { save(false); }, { disabled: true });
  input.addEventListener("change", () => {
    const [file] = input.files ?? [];
    input.value = "";
    if (file) bring(file);
  });
  function bring(file: File): void {
    problem.hidden = true;
    file.arrayBuffer().then(
      (buffer) => { open(new Uint8Array(buffer), file.name); }, (error: unknown) => { refuse(textOf(error)); });
  }
  function refuse(message: string): void { problem.textContent = sentence(message); problem.hidden = false; }
  const element = card({ id: "files", title: "Checkpoints" }, kept, problem,
    el("div", { class: "own-tools" },
      all, weights, el("label", { class: "button", for: "checkpoint-file" }, "Open a file", input)),
    el("p", { class: "soft" }, "Files are safetensors with PyTorch’s names, and this page’s settings. "
      + "A checkpoint holds the optimizer and the place in the epoch too: "
      + "a run restored from it ends in the same bits. Weights alone begin a new run."));
  drops(element, ({ files: [file] }) => { if (file) bring(file); });
  return {
    element,
    /** A file could not be opened, and what was there goes on. */
    refuse,
    set ready(on: boolean) { all.disabled = weights.disabled = !on; },
    /** The step that was kept last, or why it was not. */
    kept(step: number, size: number, unkept?: Unkept): void {
      const time = new Date().toLocaleTimeString("en", { hourCycle: "h23" });
      kept.textContent = unkept ? reasons[unkept](size) : `Kept in this browser at step ${number(step)}, ${time}.`;
    },
  };
}
