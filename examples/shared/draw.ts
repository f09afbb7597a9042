// Images, filters and feature maps on canvases. A canvas has one pixel a value; the style sheet enlarges it.
import { el, number } from "./dom.js";
import type { ImageShape, Picture, Planes } from "./protocol.js";

type Colour = readonly [r: number, g: number, b: number];

/**
 * Colours between stops that are equally far apart. Lightness rises steadily, so they also read in grey and to any eye.
 */
function colourMap(...stops: Colour[]): (t: number) => Colour {
  return (t) => {
    const at = Math.min(1, Math.max(0, t)) * (stops.length - 1);
    const i = Math.min(stops.length - 2, Math.floor(at)), f = at - i;
    return [0, 1, 2].map((c) => stops[i][c] + f * (stops[i + 1][c] - stops[i][c])) as unknown as Colour;
  };
}

/** From nothing to much: night, petrol, sand. */
const rising = colourMap([13, 20, 38], [22, 66, 94], [33, 121, 124], [122, 171, 122], [229, 203, 116], [255, 243, 205]);
/** Below and above zero: blue, paper, orange, which red-green blindness leaves apart. */
const signed = colourMap([16, 62, 122], [84, 142, 194], [240, 238, 232], [222, 134, 66], [138, 53, 8]);

/** Pixels without a colour are left open. */
function paint(
  canvas: HTMLCanvasElement, width: number, height: number, colour: (i: number) => Colour | undefined,
): void {
  if (canvas.width !== width || canvas.height !== height) [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(width, height);
  for (let i = 0; i < width * height; i++) {
    const made = colour(i);
    if (made) image.data.set([...made, 255], 4 * i);
  }
  context.putImageData(image, 0, 0);
}

/** A picture of the data set: grey or in colour. */
export function drawPicture(canvas: HTMLCanvasElement, { pixels }: Picture, [C, H, W]: ImageShape): void {
  paint(canvas, W, H, (i) => C === 3
    ? [pixels[3 * i], pixels[3 * i + 1], pixels[3 * i + 2]]
    : [pixels[C * i], pixels[C * i], pixels[C * i]]);
}

/**
 * Planes side by side, one canvas each, on one common scale, which goes to `top` at least. Values below zero choose the
 * two-sided colours, and NaN is left open. Gives the scale.
 */
export function drawPlanes(
  into: HTMLElement, { data, shape: [count, height, width] }: Planes, top = 0,
): readonly [least: number, most: number] {
  while (into.children.length > count) into.lastElementChild?.remove();
  while (into.children.length < count) into.append(document.createElement("canvas"));
  let least = 0, most = top;
  for (const value of data) if (!Number.isNaN(value)) [least, most] = [Math.min(least, value), Math.max(most, value)];
  const largest = Math.max(most, -least, 1e-12);
  [...into.children].forEach((canvas, n) => {
    const at = n * height * width;
    paint(canvas as HTMLCanvasElement, width, height, (i) => Number.isNaN(data[at + i]) ? undefined : least < 0
      ? signed(0.5 + data[at + i] / largest / 2)
      : rising(data[at + i] / largest));
  });
  return [least, most];
}

/** The legend of planes: their colours as a bar, between the values that stand for its ends. */
export function scaleRow(format = (value: number) => number(value, 2)) {
  const canvas = el("canvas", { class: "scale", "aria-hidden": "true" });
  const low = el("span"), high = el("span"), more = el("span", { class: "count" });
  return {
    element: el("p", { class: "scale-row soft" }, low, canvas, high, more),
    /** What drawPlanes() gives, and what else there is to say. */
    show([least, most]: readonly [number, number], said = ""): void {
      const largest = Math.max(most, -least);
      paint(canvas, 64, 1, (i) => (least < 0 ? signed : rising)(i / 63));
      more.textContent = said;
      [low.textContent, high.textContent] = [format(least < 0 ? -largest : 0), format(largest)];
    },
  };
}
