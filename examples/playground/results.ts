// What came of it: values, findings with a map of errors, times, a training's losses.
import { digits, share } from "convoy-gpu/bench";
import { emptyCurve, withLosses } from "../shared/curve.js";
import { lossChart } from "../shared/charts.js";
import { card, el, number, percent, table } from "../shared/dom.js";
import { drawPlanes, scaleRow } from "../shared/draw.js";
import type { Action, FromWorker, Shown } from "./protocol.js";

const of = <T extends FromWorker["type"]>(_: T) => null as unknown as Extract<FromWorker, { type: T }>;
type Values = ReturnType<typeof of<"values">>;
type Checked = ReturnType<typeof of<"checked">>;
type Benched = ReturnType<typeof of<"benched">>;
type Trained = ReturnType<typeof of<"trained">>;
type Logged = ReturnType<typeof of<"logged">>;

/** A number of any size in few letters. */
const value = (v: number) =>
  v && Math.abs(v) < 1e-3 ? v.toExponential(1).replace(/^-/, "−") : digits(v).replace(/^-/, "−");

const TOLERANCE = 2e-3;  // of checkGradients(), by f32

/** A tensor as pictures, with its scale, which goes to `top` at least, and what it is. */
function tensorView({ name, shape, planes }: Shown, what: string, top = 0): HTMLElement {
  const one = planes.shape[1] === 1 ? "one" : "";
  const box = el("div", { class: `planes ${one}`, role: "img", "aria-label": `${name}: ${what}` });
  const range = drawPlanes(box, planes, top), [kept] = planes.shape, legend = scaleRow(value);
  const seen = planes.data.filter((v) => !Number.isNaN(v)), open = seen.length < planes.data.length;
  const [least, most] = seen.reduce(([a, b], v) => [Math.min(a, v), Math.max(b, v)], [Infinity, -Infinity]);
  legend.show(range);
  if (open) legend.element.append(el("span", { class: "unseen" }, "not looked at"));
  return el("div", { class: "tensor" },
    el("h3", {}, name, el("span", { class: "soft" }, ` [${shape.join(", ")}]`)), box, legend.element,
    el("p", { class: "soft" }, `${what[0].toUpperCase()}${what.slice(1)}: ${value(least)} to ${value(most)}`
      + (planes.of > kept ? `, ${kept} of ${planes.of} channels` : "") + (top ? `; up to ${value(top)} passes` : "")));
}

const count = (n: number, what: string) => n ? `${number(n)} ${what}${n === 1 ? "" : "s"}` : "";

const result = (title: string, id: string) => {
  const body = el("div", { class: "result" }), element = card({ id, title }, body);
  element.hidden = true;
  return { body, element };
};

export function results() {
  const values = result("Values", "values");
  const checked = {
    gradients: result("Gradients against differences", "gradients"), races: result("Races and bounds", "races"),
  };
  const benched = result("Speed", "bench"), trained = result("LeNet with this layer", "train");
  const logged = result("Console", "console"), log = el("pre", { class: "logged", role: "log", tabIndex: 0 });
  const all = [values, checked.gradients, checked.races, benched, trained, logged];
  const chart = lossChart(), accuracy = el("p", { class: "soft" });
  const rows = table("Speed", ["Pass", "ms", "±", "GFLOP/s", "GB/s", "Of the roofline"]);
  const roof = el("p", { class: "soft" });
  benched.body.append(rows.element, roof);
  trained.body.append(chart.element, accuracy);
  logged.body.append(log);
  log.setAttribute("aria-labelledby", "console-title");
  let curve = emptyCurve, about = "";
  const clear = () => { for (const { element } of all) element.hidden = true; };
  return {
    elements: all.map(({ element }) => element),
    /** The card of an action, to bring into sight. */
    of: (action: Action) => ({ run: values, ...checked, bench: benched, train: trained })[action].element,
    clear,
    /** Before an action: puts away what was logged, and all that came of another text. */
    begin(text: string): void {
      if (text !== about) clear();
      [about, curve, logged.element.hidden] = [text, emptyCurve, true];
      log.replaceChildren();
    },
    log({ level, text }: Logged): void {
      logged.element.hidden = false;
      log.append(el("span", { class: level }, `${text}\n`));
    },
    values({ tensors, kernels }: Values): void {
      values.element.hidden = false;
      values.body.replaceChildren(
        ...tensors.map((t) => tensorView(t, "the first image’s channels")),
        el("p", { class: "soft" }, `Made by ${kernels.join(", ")}.`));
    },
    /** Gives how many faults and hints there are, in words. */
    checked({ action, looked, findings, hints, errors }: Checked): string {
      const { element, body } = checked[action === "gradients" ? "gradients" : "races"];
      element.hidden = false;
      const { length } = findings, list = findings.map(({ message }) => el("li", {}, message));
      const faults = count(length, "fault"), verdict = faults ? `${faults} found.` : "Nothing wrong found.";
      const all = looked.join(", ").replace(/\b\d{4,}\b/g, (n) => number(Number(n)));
      body.replaceChildren(
        el("p", { class: `verdict-line ${length ? "bad" : "good"}` }, verdict),
        ...length ? [el("ul", { class: "findings" }, ...list)] : [],
        ...hints.map(({ message }) => el("p", { class: "hint" }, `${message}.`)),
        el("p", { class: "soft" }, `Looked at ${all}.`),
        ...errors.map((e) => tensorView(e, "error of each element ÷ the largest gradient", TOLERANCE)));
      return [faults, count(hints.length, "hint")].filter(Boolean).join(", ");
    },
    benched({ rows: found, roofline: { flops, bandwidth, clock }, macs }: Benched): void {
      benched.element.hidden = false;
      const rates = found.map(({ pass, time }) => macs && 2 * macs[pass === "forward" ? 0 : 1] / time.median);
      rows.fill(found.map(({ pass, time: { median, low, high }, bandwidth: b, fraction }, i) => {
        const rate = rates[i] ?? 0;
        return [
          pass, digits(1e3 * median), `${digits(50 * (high - low) / median)} %`,
          rate ? digits(rate / 1e9) : "–", digits(b / 1e9), share(Math.max(fraction, rate / flops)),
        ];
      }));
      const made = found.map(({ pass, kernels }) => `${pass} ${kernels.join(", ")}`).join("; ");
      roof.textContent = `Kernels: ${made}. `
        + `This adapter: ${digits(flops / 1e9)} GFLOP/s, ${digits(bandwidth / 1e9)} GB/s, by ${clock}. `
        + "GFLOP/s where the code returns macs: [forward, backward].";
    },
    trained({ losses, epoch, test }: Trained): void {
      trained.element.hidden = false;
      curve = withLosses(curve, curve.steps.length + losses.length, losses);
      chart.show(curve);
      const right = test === undefined ? "" : `: ${percent(test)} of the test images right`;
      accuracy.textContent = `Epoch ${epoch} of 2${right}.`;
    },
  };
}
