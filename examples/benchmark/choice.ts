// What is to be measured. All of it is in the URL.
import { OptionError } from "convoy-gpu";
import { cases, convolutionCase, hasText, type Case } from "convoy-gpu/bench";
import { families } from "convoy-gpu/models";

/** A convolution of the visitor's own, each a whole number. */
export type Own = Readonly<Record<keyof typeof ownFields, number>>;
/** Label, least, most, and what it begins with. */
export const ownFields = {
  batch: ["Batch", 1, 256, 16], size: ["Image", 1, 512, 32],
  channels: ["Channels", 1, 2048, 64], filters: ["Filters", 1, 2048, 64],
  window: ["Window", 1, 11, 3], stride: ["Stride", 1, 4, 1],
  padding: ["Padding", 0, 5, 1], groups: ["Groups", 1, 2048, 1],
} as const satisfies Record<string, readonly [string, number, number, number]>;

export interface Choice {
  readonly operators: readonly string[];
  /** Only shapes that have it, at the start of a word; "" all. */
  readonly shape: string;
  readonly own?: Own;
  /** A network whose training step is timed; "" none. */
  readonly network: string;
  readonly batch: number;
  readonly width: number;
  readonly rounds: number;
  /** Whether to do without the GPU's timestamps. */
  readonly wall: boolean;
}

export const operators: readonly string[] = [...new Set(cases.map(({ operator }) => operator))];
export const networks = Object.keys(families), batches = [4, 8, 16, 32, 64, 128, 256];
export const widths = [1, 0.5, 0.25, 0.125], rounds = [3, 7, 15];

/** For a GPU, and for a processor that plays one: something worth seeing in about a minute. */
export const usual: Choice = {
  operators: ["conv2d", "linear", "maxPool2d", "batchNorm"], shape: "",
  network: "lenet", batch: 64, width: 1, rounds: 7, wall: false,
};
export const small: Choice = { ...usual, operators: ["conv2d", "linear"], shape: "LeNet", batch: 16, rounds: 3 };

/** The chosen cases, in the list's order, the visitor's own last. Throws a ConvoyError for a window that cannot fit. */
export function chosen({ operators: wanted, shape, own }: Choice): Case[] {
  const listed = cases.filter((one) => wanted.includes(one.operator) && hasText(one.shape, shape));
  return own ? [...listed, ownCase(own)] : listed;
}

function ownCase({ batch, size, channels, filters, window: kernel, stride, padding, groups }: Own): Case {
  if (size + 2 * padding < kernel) {
    throw new OptionError(`a ${kernel}×${kernel} window does not fit an image of ${size}×${size} padded by ${padding}; `
      + "take a larger image or more padding", { size, padding, kernel });
  }
  if (channels % groups || filters % groups) {
    throw new OptionError(`${groups} groups do not divide ${channels} channels and ${filters} filters`,
      { groups, channels, filters });
  }
  const options = { padding, ...stride > 1 && { stride }, ...groups > 1 && { groups } };
  return convolutionCase("own", [batch, size, channels], filters, kernel, options);
}

/** What the URL says, as far as it is sensible; `otherwise` for all it does not say. */
export function readChoice(search: string, otherwise: Choice): Choice {
  const query = new URLSearchParams(search);
  const one = <T>(name: string, of: readonly T[], usually: T) =>
    of.find((value) => String(value) === query.get(name)) ?? usually;
  if (![...query.keys()].some((key) => ["operator", "network", "own"].includes(key))) return otherwise;
  const own = query.get("own")?.split("-").map(Number), fields = Object.entries(ownFields);
  const good = own?.length === fields.length
    && fields.every(([, [, least, most]], i) => Number.isInteger(own[i]) && own[i] >= least && own[i] <= most);
  return {
    operators: operators.filter((name) => query.getAll("operator").includes(name)),
    shape: (query.get("shape") ?? "").slice(0, 60),
    ...good && { own: Object.fromEntries(fields.map(([name], i) => [name, own[i]])) as Own },
    network: one("network", ["", ...networks], ""),
    batch: one("batch", batches, otherwise.batch),
    width: one("width", widths, 1),
    rounds: one("rounds", rounds, otherwise.rounds),
    wall: query.get("clock") === "wall",
  };
}

export function writeChoice(choice: Choice): string {
  const { operators: wanted, shape, own, network, batch, width, rounds: times, wall } = choice;
  const query = new URLSearchParams(wanted.map((name) => ["operator", name]));
  if (shape) query.set("shape", shape);
  if (own) query.set("own", Object.keys(ownFields).map((name) => own[name as keyof Own]).join("-"));
  query.set("network", network);
  if (network) { query.set("batch", String(batch)); query.set("width", String(width)); }
  query.set("rounds", String(times));
  if (wall) query.set("clock", "wall");
  return `?${query.toString()}`;
}
