// The notices in front of all else on a page: what has just happened, a run that waits, a slow adapter.
import type { Adapter } from "convoy-gpu";
import type { DataFacts } from "./data.js";
import { el } from "./dom.js";
import type { Settings } from "./family.js";
import { found, notice, slow, type Notice } from "./panels.js";
import type { Kept } from "./vault.js";

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
