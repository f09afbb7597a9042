// The cards of facts: adapter and memory.
import type { Adapter } from "convoy-gpu";
import { bytes, card, el, table } from "./dom.js";
import { together, type Description } from "./protocol.js";

/** Name and abilities of the adapter. */
export function adapterPanel(adapter: Adapter): HTMLElement {
  const { name, vendor, architecture, software, subgroups, f16, timestamps, limits } = adapter;
  const made: [string, string] = ["Vendor", [vendor, architecture].filter(Boolean).join(", ")];
  const facts: [string, string][] = [
    ["Adapter", name], ["Kind", software ? "software" : "hardware"], ...name.includes(architecture) ? [] : [made],
    ["Subgroups", subgroups ? `${[...new Set(subgroups)].join(" to ")} invocations` : "none"],
    ["Half precision", f16 ? "yes" : "no"],
    ["Timestamps", timestamps ? "yes" : "no"], ["Largest binding", bytes(limits.binding)],
  ];
  return el("dl", { class: "facts" }, ...facts.flatMap(([term, fact]) => [el("dt", {}, term), el("dd", {}, fact)]));
}

/** What a training step takes: known before any memory is. */
export function memoryPanel() {
  const memory = table("Memory plan", ["Tensors", "Size"]), planned = el("p", { class: "soft" });
  const bar = el("div", { class: "bar", "aria-hidden": "true" });
  return {
    element: card({ id: "memory", title: "Memory plan", kind: "memory" }, planned, bar, memory.element),
    show({ memory: m }: Description): void {
      const parts: [string, number][] = [
        ["Parameters", m.parameters], ["Gradients", m.gradients], ["Optimizer", m.optimizer],
        ["Activations", m.activations.slots],
      ];
      planned.textContent = "Planned before anything is allocated. Side by side, the activations would take "
        + `${bytes(m.activations.sum)}; tensors that are never needed at once share memory.`;
      memory.fill([...parts, ["Total", together(m)] as const].map(([name, n]) => [name, bytes(n)]));
      bar.replaceChildren(...parts.map(([, n]) => {
        const piece = el("span");
        piece.style.flexGrow = String(n);
        return piece;
      }));
    },
  };
}
