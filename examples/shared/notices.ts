// The notices in front of all else on a page, and what they say.
import type { Adapter } from "convoy-gpu";
import type { DataFacts } from "./data.js";
import { button, el, number } from "./dom.js";
import { tested, type Settings } from "./family.js";
import type { Kept } from "./vault.js";

/** A panel in front of all else, with what to do about it. */
export interface Notice {
  readonly tone: "bad" | "careful" | "good";
  readonly title: string;
  readonly lines: readonly string[];
  readonly actions?: readonly { readonly label: string; readonly run: () => void }[];
}

export function notice({ tone, title, lines, actions = [] }: Notice): HTMLElement {
  const buttons = actions.map(({ label, run }, i) => button(label, run, { class: i ? "" : "main" }));
  return el("section", { class: `notice ${tone}`, "aria-label": title, role: tone === "bad" ? "alert" : "region" },
    el("div", {}, el("h2", {}, title), ...lines.map((line) => el("p", {}, line))),
    buttons.length > 0 && el("div", { class: "buttons" }, ...buttons));
}

/** What to tell someone whose browser has no WebGPU, and what goes all the same. */
export const noWebGpu = (still: string): Notice => ({
  tone: "bad", title: "This browser has no WebGPU",
  lines: [
    isSecureContext
      ? advice(navigator.userAgent)
      : "WebGPU works only on pages served from https or from localhost. This page is served from neither.",
    still,
  ],
});

function advice(agent: string): string {
  if (/firefox/i.test(agent)) {
    return "Firefox has WebGPU from version 141 on Windows and 145 on macOS; "
      + "on Linux and Android, set dom.webgpu.enabled in about:config, or take a recent Chrome.";
  }
  if (/chrome|chromium|edg/i.test(agent)) {
    return "Chrome and Edge have WebGPU since version 113; chrome://gpu tells what is switched off. "
      + "On Linux it may need Vulkan and the flag chrome://flags/#enable-unsafe-webgpu.";
  }
  if (/safari/i.test(agent)) return "Safari has WebGPU from version 26, on macOS, iOS, iPadOS and visionOS 26.";
  return "Take a recent Chrome or Edge, Firefox 141 or newer, or Safari 26 or newer.";
}

/** What to tell someone about a run of an earlier visit. `here`: what the page trains on. */
export function found(
  { at, epoch, step, data, settings: { epochs } }: Kept, here: string, resume: () => void, discard: () => void,
): Notice {
  const time = new Date(at).toLocaleString("en", { dateStyle: "medium", timeStyle: "short", hourCycle: "h23" });
  const place = epoch > Number(epochs) ? "finished" : `in epoch ${epoch} of ${epochs}`;
  const kept = `Kept ${time}, at step ${number(step)}, ${place}. Training another run replaces it.`;
  const away = { label: "Discard", run: discard };
  return {
    tone: "good", title: "A run from an earlier visit waits here",
    ...data === here
      ? { lines: [kept], actions: [{ label: "Resume", run: resume }, away] }
      : { lines: [kept, `It was trained on other data: ${data}. Choose that under “Data” first.`], actions: [away] },
  };
}

/** A message as a sentence. */
export function sentence(message: string): string {
  const capital = message.replace(/^[a-z](?=[a-z]*[ ,:])/, (first) => first.toUpperCase());  // not the name of a file
  return `${capital.replace(/\.$/, "")}.`;
}

/** What to tell someone about an error of the worker's. `restart` opens a new device, `reset` begins a new run. */
export function failure(
  code: string, message: string, snapshot: number | undefined, restart: () => void, reset: () => void,
): Notice {
  const why = sentence(message);
  switch (code) {
    case "device-lost": return {
      tone: "bad", title: "The device was lost", actions: [{ label: "Restart", run: restart }],
      lines: [
        "A driver reset, a crash of the browser's GPU process, or too little memory can do this; "
          + "nothing is wrong with your settings.",
        snapshot
          ? `A restart opens a new device and goes on at step ${number(snapshot)}, which this page has kept, `
            + "to the same end as if nothing had happened."
          : "A restart opens a new device and trains from the beginning.",
      ],
    };
    case "adapter": return {
      tone: "bad", title: "No device to train on", actions: [{ label: "Try again", run: restart }],
      lines: [why],
    };
    case "non-finite": return {
      tone: "bad", title: "The training diverged", actions: [{ label: "Reset", run: reset }],
      lines: [why, "Lower the learning rate, then reset."],
    };
    case "bug": return {
      tone: "bad", title: "Something broke", actions: [{ label: "Restart", run: restart }],
      lines: [why, "This should not happen; please report it."],
    };
    default: return {
      tone: "bad", title: "This did not work", actions: [{ label: "Try again", run: reset }],
      lines: [why],
    };
  }
}

export const slow = (settings: Settings, { train, test }: DataFacts): Notice => ({
  tone: "careful", title: "Software adapter: everything works, slowly",
  lines: ["It runs on the CPU. The presets are smaller for that; "
    + `this run has ${number(Math.min(train, Number(settings.images)))} training images, `
    + `and accuracy is measured on ${number(tested(settings, test))}. Speeds here say nothing about a GPU.`],
});

/** `facts` gives what there is; `resume` and `discard` hear what becomes of a run of an earlier visit. */
export function noticeBoard(
  facts: () => { readonly adapter?: Adapter; readonly settings: Settings; readonly data: DataFacts },
  resume: () => void, discard: () => void,
) {
  const element = el("div", { class: "notices" });
  let told: Notice | undefined, waiting: Kept | undefined;
  /** Shows one notice, and hides it with nothing. That of a run that waits and the one about slowness stay below. */
  function tell(what?: Notice): void {
    const { adapter, settings, data } = facts();
    const take = () => { waiting = undefined; resume(); };
    const drop = () => { waiting = undefined; discard(); tell(what); };
    const kept = waiting && adapter && found(waiting, data.name, take, drop);
    const all = [what, kept, adapter?.software ? slow(settings, data) : undefined];
    told = what;
    element.replaceChildren(...all.filter((n) => n !== undefined).map(notice));
  }
  return {
    element, tell,
    /** A run of an earlier visit waits, or none any more. What is told already stays. */
    found(kept: Kept | undefined): void { if (kept !== waiting) { waiting = kept; tell(told); } },
  };
}
