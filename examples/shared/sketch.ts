// An image of the visitor's own: drawn, dropped or chosen; what the network sees of it, and what it takes it for.
import { button, card, drops, el, percent } from "./dom.js";
import { drawPicture } from "./draw.js";
import { fit } from "./fit.js";
import type { ImageShape } from "./protocol.js";

const SIDE = 280, BRUSH = 26;  // pixels

/** `given` hears of the image as the network takes it, bytes [C, H, W]; undefined when there is none any more. */
export function sketch(given: (pixels: Uint8Array | undefined) => void) {
  const canvas = el("canvas", {
    class: "sketch", width: SIDE, height: SIDE, role: "img",
    "aria-label": "Draw here with a mouse, pen or finger, or drop an image. By keyboard: choose an image file.",
  });
  const seen = el("canvas", { class: "seen", role: "img", "aria-label": "What the network sees" });
  const context = canvas.getContext("2d", { willReadFrequently: true });
  const file = el("input", { type: "file", accept: "image/*", id: "own-file" });
  const clear = button("Clear", () => { wipe(); file.value = ""; status.textContent = ask; show(); });
  const body = el("tbody"), status = el("p", { class: "soft", role: "status" });
  const answer = el("table", { class: "odds", hidden: true },
    el("caption", { class: "hidden" }, "Probability of each class"),
    el("thead", { class: "hidden" },
      el("tr", {}, el("th", { scope: "col" }, "Class"), el("th", { scope: "col" }, "Probability"))),
    body);
  let last: readonly [number, number] | undefined, classes: readonly string[] = [], ask = "";
  let [C, H, W]: ImageShape = [1, 1, 1];
  const hint = el("p", { class: "pad-hint", "aria-hidden": "true" }, "Draw here");
  const none = el("p", { class: "soft" }, "The network’s answer appears here.");
  const pane = new OffscreenCanvas(1, 1), small = pane.getContext("2d", { willReadFrequently: true });

  function wipe(): void {
    if (!context) return;
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
  }
  function show(): void {
    if (!context) return;
    const fitted = C === 1 && H === W;
    const pixels = fitted ? fit(context.getImageData(0, 0, SIDE, SIDE).data, SIDE, SIDE, H) : whole();
    const inked = pixels.some(Boolean), planes = new Uint8Array(pixels.length);
    drawPicture(seen, { pixels, label: 0 }, [C, H, W]);
    answer.hidden = !inked;
    none.hidden = hint.hidden = inked;
    for (let i = 0; i < pixels.length; i++) planes[i % C * H * W + Math.floor(i / C)] = pixels[i];
    given(inked ? planes : undefined);
  }
  /** The whole drawing, at the size of the data set's images: bytes [H, W, C]. */
  function whole(): Uint8Array {
    [pane.width, pane.height] = [W, H];
    small?.drawImage(canvas, 0, 0, W, H);
    const { data } = small?.getImageData(0, 0, W, H) ?? { data: new Uint8ClampedArray(4 * W * H) };
    return Uint8Array.from({ length: C * H * W }, (_, i) => data[4 * Math.floor(i / C) + Math.min(i % C, 2)]);
  }
  async function load(blob: Blob): Promise<void> {
    try {
      const image = await createImageBitmap(blob), scale = Math.min(SIDE / image.width, SIDE / image.height);
      const [w, h] = [image.width * scale, image.height * scale];
      wipe();
      // What the image leaves free is filled with the colour of its first pixel, so that it is ground too.
      context?.drawImage(image, 0, 0, 1, 1, 0, 0, SIDE, SIDE);
      context?.drawImage(image, (SIDE - w) / 2, (SIDE - h) / 2, w, h);
      status.textContent = C === 1 && H === W
        ? "The object is cut out, centred, and made light on black, as the training images of Fashion-MNIST are."
        : "The image is squeezed into the size of the data set’s.";
      show();
    } catch { status.textContent = "This file is no image that the browser can read."; }
  }

  const at = (event: PointerEvent) => {
    const { left, top, width } = canvas.getBoundingClientRect();
    return [(event.clientX - left) * SIDE / width, (event.clientY - top) * SIDE / width] as const;
  };
  function stroke(event: PointerEvent): void {
    if (!context || !last) return;
    const next = at(event);
    [context.lineWidth, context.lineCap, context.strokeStyle] = [BRUSH, "round", "#fff"];
    context.beginPath();
    context.moveTo(...last);
    context.lineTo(...next);
    context.stroke();
    last = next;
  }
  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    hint.hidden = true;
    last = at(event);
    stroke(event);
  });
  canvas.addEventListener("pointermove", stroke);
  for (const end of ["pointerup", "pointercancel"]) {
    canvas.addEventListener(end, () => { if (last) { last = undefined; show(); } });
  }
  file.addEventListener("change", () => { if (file.files?.[0]) void load(file.files[0]); });

  const element = card({ id: "own", title: "An image of your own", kind: "own", beside: [status] },
    el("div", { class: "own-row" },
      el("div", {},
        el("div", { class: "pad-frame" }, canvas, hint),
        el("div", { class: "own-tools" },
          clear, el("label", { class: "button", for: "own-file" }, "Choose an image", file))),
      el("figure", {}, seen, el("figcaption", { class: "soft" }, "What the network sees")), answer, none));
  drops(element, ({ files: [image] }) => { if (image) void load(image); });
  wipe();

  return {
    element,
    /** For images [C, H, W] of these classes; `own`: of a visitor's data set. What is drawn stays, if it still fits. */
    begin(shape: ImageShape, names: readonly string[], own: boolean): void {
      const same = shape.join() === [C, H, W].join();
      [[C, H, W], classes] = [shape, names];
      ask = own ? "Draw, or drop a picture." : "Draw a piece of clothing, or drop a picture of one.";
      status.textContent = ask;
      if (!same) show();
    },
    show(probabilities: Float32Array): void {
      const order = [...probabilities.keys()].sort((a, b) => probabilities[b] - probabilities[a]);
      body.replaceChildren(...order.map((i) => {
        const bar = el("span", { class: "odd", "aria-hidden": "true" });
        bar.style.width = `${100 * probabilities[i]}%`;
        return el("tr", {},
          el("th", { scope: "row" }, classes[i] ?? String(i)),
          el("td", {}, bar, el("span", {}, percent(probabilities[i]))));
      }));
    },
  };
}
