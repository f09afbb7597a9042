// The playground: a layer in WGSL, written, run, checked, timed and trained on the spot. Nothing of it runs before a
// button is pressed.
import { button, card, el } from "../shared/dom.js";
import { noWebGpu, notice, sentence, type Notice } from "../shared/notices.js";
import { startWorker, textOf } from "../shared/protocol.js";
import { brokenAt, editor } from "./editor.js";
import type { Place } from "./layer.js";
import { actions, type Action, type Draft, type FromWorker } from "./protocol.js";
import { results } from "./results.js";
import { fromHash, toHash } from "./share.js";

const examples: Readonly<Record<string, string>> = {
  swish: "Swish", "group-norm": "Group norm", depthwise: "Depthwise 3 × 3",
  "squeeze-excite": "Squeeze and excite", pooling: "A pooling of your own",
};
const root = document.getElementById("playground"), patience = [5, 20, 60, 300];
let worker: Worker | undefined, running: Action | undefined, answered = false, revealed = false, found = "", wanted = 0;
let timer: ReturnType<typeof setTimeout> | undefined, written: ReturnType<typeof setTimeout> | undefined;

const shader = editor("Shader, WGSL", "wgsl", edited), code = editor("Layer, JavaScript", "javascript", edited);
const shown = results(), notices = el("div", { class: "notices" });
const status = el("p", { class: "status", role: "status", "aria-live": "polite" }, "Loading …");
const problems = el("ul", { class: "problems", "aria-label": "Problems" });
const buttons = Object.entries(actions).map(([action, label]) => {
  const main = action === "run" && { class: "main", "aria-keyshortcuts": "Control+Enter" };
  return button(label, () => { start(action as Action); }, { disabled: true, ...main });
});
const stop = button("Stop", () => { end(); status.textContent = "Stopped."; }, { disabled: true });
const share = button("Copy link", () => {
  const say = (text: string) => () => { status.textContent = text; };
  keep().then((link) => navigator.clipboard.writeText(link)).then(
    say("The link is copied: it holds the whole layer."),
    say("The browser did not let the page copy; the address holds the whole layer."));
});
const choice = el("select", { id: "example" },
  el("option", { value: "" }, "Choose one …"),
  ...Object.entries(examples).map(([value, title]) => el("option", { value }, title)));
const limit = el("select", { id: "limit" }, ...patience.map((s) =>
  el("option", { value: String(s), selected: s === 60 }, s < 100 ? `${s} s` : `${s / 60} min`)));

const draft = (): Draft => ({ shader: shader.text, code: code.text });
const able = "gpu" in navigator;
const unable = noWebGpu("Layers can be read and written all the same; only running them needs WebGPU.");
const tell = (...all: Notice[]) => { notices.replaceChildren(...[...able ? [] : [unable], ...all].map(notice)); };

/** Some moments after an edit the address holds it. */
function edited(): void {
  problems.replaceChildren();
  choice.value = "";
  clearTimeout(written);
  written = setTimeout(() => { void keep(); }, 400);
}
async function keep(): Promise<string> {
  const hash = await toHash(draft());
  history.replaceState(null, "", location.pathname + hash);
  return location.href;
}

function fill({ shader: text, code: lines }: Draft, why: string): void {
  end();
  [shader.text, code.text] = [text, lines];
  clearTimeout(written);
  shown.clear();
  problems.replaceChildren();
  status.textContent = why;
}

/** Shows an example, unless another is asked for meanwhile, and says so, or `why` it is shown. */
async function example(name: string, why?: string): Promise<void> {
  const read = async (file: string) => (await fetch(new URL(`./layers/${name}${file}`, import.meta.url))).text();
  const advice = able ? "Run it, or change it." : "Read it, or change it: to run it needs WebGPU.", mine = ++wanted;
  const texts = await Promise.all([read(".wgsl"), read(".layer.js")]).catch((error: unknown) => textOf(error));
  if (mine !== wanted) return;
  if (typeof texts === "string") {
    [choice.value, status.textContent] = ["", `${examples[name]} could not be read: ${texts}.`];
    return;
  }
  fill({ shader: texts[0], code: texts[1] }, why ?? `${examples[name]}: an example. ${advice}`);
  choice.value = name;
  tell();
  history.replaceState(null, "", `${location.pathname}?example=${name}`);
}

/** What a press disables would lose the focus: while it works "Stop" has it, and then the pressed button again. */
function busy(action: Action | undefined): void {
  const focused = [...buttons, stop].includes(document.activeElement as HTMLButtonElement), was = running;
  running = action;
  for (const button of buttons) button.disabled = action !== undefined || !able;
  stop.disabled = action === undefined;
  if (focused) (action ? stop : buttons[Object.keys(actions).indexOf(was ?? "run")]).focus({ preventScroll: true });
}

/** As long as the worker says something in time, it goes on. */
function wait(): void {
  clearTimeout(timer);
  const seconds = Number(limit.value);
  timer = setTimeout(() => {
    const action = running!;
    end();
    status.textContent = "Ended.";
    tell(answered ? {
      tone: "bad", title: `No answer for ${seconds} seconds`, actions: [again(action)],
      lines: ["The worker was ended; nothing else is lost. Most likely a loop has no end: in the code, "
        + "or in the shader for values that its trial did not meet. "
        + "If the adapter is merely slow, allow more time or take a smaller input."],
    } : gone(action, `The GPU does not answer within ${seconds} seconds`,
      "What ran before may still hold the browser’s GPU process."));
  }, 1000 * seconds);
}

const again = (action: Action) => ({ label: "Start again", run: () => { start(action); } });
/** What to tell someone whose GPU is not to be had any more. */
function gone(action: Action, title: string, why: string): Notice {
  const reload = () => { location.reload(); };
  return {
    tone: "bad", title,
    lines: [why, "Wait a moment and start again; if that does not help, reload this tab: its address holds your layer. "
      + "Where a reload does not help either, only starting the browser anew does."],
    actions: [again(action), { label: "Reload", run: () => { keep().then(reload, reload); } }],
  };
}

/** Ends the worker with all that it does. The next action begins another. */
function end(): void {
  clearTimeout(timer);
  if (running) { worker?.terminate(); worker = undefined; }
  busy(undefined);
}

function start(action: Action): void {
  if (running || !able) return;
  if (!worker) {
    answered = false;
    const broke = (message: string) => { receive({ type: "failed", code: "code", message, places: [] }); };
    worker = startWorker(new URL("./worker.js", import.meta.url), receive, broke);
  }
  for (const one of [shader, code]) one.mark([]);
  problems.replaceChildren();
  tell();
  busy(action);
  [found, revealed] = ["", false];
  shown.begin(JSON.stringify(draft()));
  status.textContent = `${actions[action]} …`;
  wait();
  worker.postMessage({ action, ...draft() });
}

/** Brings what a press has made into sight, once; who types in an editor stays there. */
function reveal(action: Action): void {
  if (!revealed && !document.activeElement?.closest(".editor")) shown.of(action).scrollIntoView({ block: "nearest" });
  revealed = true;
}

function receive(message: FromWorker): void {
  if (!running) return;
  const action = running;
  wait();
  switch (message.type) {
    case "adapter": answered = true; status.textContent = `${actions[action]} on ${message.adapter.name} …`; break;
    case "values": shown.values(message); break;
    case "checked": found = shown.checked(message); point(message.places); break;
    case "benched": shown.benched(message); break;
    case "trained": shown.trained(message); break;
    case "logged": shown.log(message); break;
    case "done":
      status.textContent = `${actions[action]}: done${found && `, ${found} found`}.`;
      clearTimeout(timer);
      busy(undefined);
      break;
    case "failed": {
      const { places, message: why, code: kind } = message;
      clearTimeout(timer);
      busy(undefined);
      status.textContent = "It did not work: see below.";
      if (kind === "device-lost") tell({
        tone: "bad", title: "The browser took the GPU away", actions: [again(action)],
        lines: [`${why}.`, "A shader that runs for seconds does this, "
          + "and so does a crash of the browser’s GPU process. The page is as it was."],
      });
      else if (kind === "adapter") tell(gone(action, "There is no GPU to be had", `${why}.`));
      else if (places.length) point(places);
      else {
        const broken = kind === "code" ? brokenAt(code.text) : undefined;
        if (broken) point([{ file: "layer", ...broken, message: why }]);
        else problems.replaceChildren(el("li", {}, why));
      }
      break;
    }
  }
  if (message.type in shown) reveal(action);
}

/**
 * Underlines what is wrong, and lists it; what a compiler says of each candidate for an operator is at the underline
 * alone, and a hint there and with what was found.
 */
function point(places: readonly Place[]): void {
  if (!places.length) return;
  shader.mark(places.filter((p) => p.file === "shader"));
  code.mark(places.filter((p) => p.file === "layer"));
  problems.replaceChildren(...places.filter((p) => !p.hint).map(({ file, line, column, message }) => {
    const where = `${file === "shader" ? "Shader" : "Layer"}, line ${line}, column ${column}: `;
    return el("li", {}, el("b", {}, where), message.split("\n\n")[0]);
  }));
}

choice.addEventListener("change", () => { if (choice.value) void example(choice.value); });
addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
  event.preventDefault();
  start("run");
}, true);

// Another link, pasted over this one: the browser itself would only scroll.
addEventListener("hashchange", () => { location.reload(); });

const half = (id: string, title: string, words: string, content: HTMLElement) =>
  card({ id, title: [title, el("span", { class: "soft" }, words)], kind: "pad" }, content);
root?.replaceChildren(notices,
  el("section", { class: "deck play-deck", "aria-label": "Actions" },
    el("div", { class: "buttons" }, ...buttons, stop),
    el("div", { class: "play-choices" },
      el("span", {}, el("label", { for: "example" }, "Example"), choice),
      el("span", {}, el("label", { for: "limit" }, "Give up after"), limit),
      share),
    el("div", { class: "deck-foot" }, status, el("p", { class: "keys" },
      el("kbd", {}, "Ctrl"), " + ", el("kbd", {}, "Enter"), " runs, ",
      el("kbd", {}, "Esc"), " and ", el("kbd", {}, "Tab"), " leave an editor"))),
  problems,
  el("div", { class: "bench-two" },
    half("shader", "Shader ", "WGSL, forward and backward", shader.element),
    half("code", "Layer ", "JavaScript, its shapes and dispatches", code.element)),
  el("div", { class: "outcome" }, ...shown.elements));
busy(undefined);
tell();

const asked = new URLSearchParams(location.search).get("example") ?? "swish";
void fromHash(location.hash).then((found) => {
  if (!found) return example(asked in examples ? asked : "swish");
  fill(found, "A layer out of this address.");
  tell({
    tone: "careful", title: "This layer came with the link",
    lines: ["It has not run, and will not until you press a button. "
      + "It would run in a worker of this page: read it first, as you would any program."],
  });
  return undefined;
}, (error: unknown) => example("swish", sentence(textOf(error))));
