// The last measurement of this tab: a reload, or a look at another page, would lose what took minutes.
import { number } from "../shared/dom.js";
import type { Notice } from "../shared/notices.js";
import { parseReport, type Report } from "./report.js";

const KEY = "convoy benchmark";
/** A report, and when it was measured, in milliseconds. */
export interface Last { readonly at: number; readonly report: Report }

export function remember(last: Last): void {
  try { sessionStorage.setItem(KEY, JSON.stringify(last)); } catch { /* full, or not allowed: it stays in this page */ }
}

/** What is kept, if it is whole. */
export function recall(): Last | undefined {
  try {
    const { at, report } = JSON.parse(sessionStorage.getItem(KEY) ?? "") as Partial<Last>;
    return typeof at === "number" ? { at, report: parseReport(JSON.stringify(report), KEY) } : undefined;
  } catch { return undefined; }
}

/** Offers it. */
export function offer({ at, report: { rows: { length }, profile } }: Last, show: () => void): Notice {
  const time = new Date(at).toLocaleTimeString("en", { hour: "2-digit", minute: "2-digit", hourCycle: "h23" });
  const parts = [length && `${number(length)} ${length === 1 ? "kernel" : "kernels"}`, profile && "a training step"];
  return {
    tone: "good", title: `Your last measurement, of ${time}`, actions: [{ label: "Show it", run: show }],
    lines: [`It has ${parts.filter(Boolean).join(" and ")}. This tab keeps it until it is closed, or measures again.`],
  };
}
