// A command's words, and what it draws in the terminal: no process, no device.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { recipe } from "../models/index.js";
import { chart } from "../src/node/chart.js";
import { parse } from "../src/node/options.js";
import { bar, count, duration, Terminal } from "../src/node/terminal.js";

test.each([
  [["train", "lenet", "--bacth", "3"], "there is no option --bacth"],
  [["train", "lenet", "--batch", "0"], '--batch is a number without a fraction, from 1 to 1048576, not "0"'],
  [["train", "lenet", "--lr", "fast"], '--lr is a number above 0, not "fast"'],
  [["train", "lenet", "--data", "all"], '--data is subset, full, auto or a folder, not "all"'],
  [["train", "lenet", "--seed"], "--seed needs a value: N"],
  [["train", "lenet", "--augment", "crop=4,flop"],
    "--augment takes { crop, flip, brightness, contrast, erase }, not flop"],
  [["train", "lenet", "--augment", "flip=3"], "--augment: flip is a probability from 0 to 1, not 3"],
  [["train", "lenet", "--augment", "crop=4=5"], '--augment crop is a number of at least 0, not "4=5"'],
  [["train", "lenet", "--augment", "crop"], "--augment: crop is a whole number of pixels"],
  [["train", "lenet", "--normalise", "0.3"], '--normalise is MEAN/STD, not "0.3"'],
  [["train", "lenet", "--normalise", "0.3/0"], "--normalise: std is above 0"],
  [["train", "lenet", "--quiet=no"], "--quiet takes no value"],
  [["train", "lenet", "--output", "/no/such/folder/x"], "/no/such/folder is not there"],
  [["train", "lenet", "--keep-best", "/no/such/folder/x"],
    "--keep-best /no/such/folder/x: the folder /no/such/folder is not there"],
  [["train", "lenet", "--resume", "/no/such/file"], "--resume /no/such/file: there is no such file"],
  [["train", "lenet", "again"], '"again" is one word too many'],
  [["train", "constructor"], 'there is no model "constructor"'],
  [["train"], "train what?"],
  [["profile", "lenet", "--epochs", "3"], "--epochs is no option of profile"],
  [["train", "lenet", "--json", "/no/such/folder/x"],
    "--json /no/such/folder/x: the folder /no/such/folder is not there"],
  [["profile"], "profile what?"],
  [["tune", "lenet", "--epochs", "2"], "--epochs is no option of tune"],
  [["train", "lenet", "--tune", "yes"], "--tune is on or off"],
  [["train", "lenet", "--keep-best", "./lenet.safetensors"], "--keep-best and --output are both lenet.safetensors"],
  [["train", "lenet", "--momentum", "1"], '--momentum is a number from 0 to below 1, not "1"'],
  [["train", "lenet", "--lr", "0x10"], '--lr is a number above 0, not "0x10"'],
  [["train", "lenet", "--limit", "1"], '--limit is a number without a fraction, from 2 to 1000000000, not "1"'],
  [["train", "lenet", "--micro-batch", "0"], "--micro-batch is a number without a fraction, from 1 to 1048576"],
  [["train", "lenet", "--normalise", "0.3/0.2/0.1"], '--normalise is MEAN/STD, not "0.3/0.2/0.1"'],
  [["train", "lenet", "--output", tmpdir()], `--output ${tmpdir()} is a folder`],
  [["train", "lenet", "--lr", "0"], '--lr is a number above 0, not "0"'],
  [["train", "alexnet", "--width", "0"], '--width is a number above 0, not "0"'],
  [["train", "lenet", "--seed", "4294967296"], "--seed is a number without a fraction, from 0 to 4294967295"],
  [["fly"], 'there is no command "fly"'],
])("%j is refused", (args, why) => {
  expect(() => parse(args)).toThrow(why);
});

test("options stand above the recipe", () => {
  const output = join(tmpdir(), "weights.safetensors");
  const d2l = parse(["train", "lenet", "--recipe", "d2l", "--lr=0.5", "-o", output]);
  expect(d2l).toMatchObject({
    batch: 256, lr: 0.5, momentum: 0, epochs: 10, inputSize: 28, options: { activation: "sigmoid" }, seed: 1, output,
    quiet: false,
  });
  const images = parse(["train", "lenet", "--augment", "crop=4,flip,erase=0.25", "--normalise", "0.1,0.2,0.3/0.4"]);
  expect(images).toMatchObject({
    augment: { words: "crop 4, flip 0.5, erase 0.25" }, normalise: { mean: [0.1, 0.2, 0.3], std: 0.4 },
  });
  const numbers = { "batch": 1, "epochs": 1, "lr": 1e-3, "momentum": 0, "input-size": 96, "width": 0.5, "seed": 0 };
  const given = Object.entries(numbers).map(([name, value]) => `--${name}=${value}`);
  const { options: own, init } = recipe("quick", "nin");
  expect(parse(["train", "nin", ...given, "--normalise", "0.1,0.2/0.3,0.4"])).toMatchObject({
    batch: 1, epochs: 1, lr: 1e-3, momentum: 0, inputSize: 96, options: { ...own, width: 0.5 }, seed: 0, init,
    normalise: { mean: [0.1, 0.2], std: [0.3, 0.4] },
  });
  expect(parse(["train", "lenet", "--seed=4294967295"])).toMatchObject({ seed: 2 ** 32 - 1 });
  expect(["on", "off"].map((tune) => parse(["train", "lenet", "--tune", tune])))
    .toMatchObject([{ tune: true }, { tune: false }]);
  expect(parse(["train", "lenet"])).toMatchObject({ tune: undefined, seed: 1 });
  expect([["train", "lenet", "--help"], ["help"], [], ["profile", "-h"]].map(parse)).toEqual(Array(4).fill("help"));
  const short = parse(["train", "lenet", "--activation", "tanh", "-q"]);
  expect(short).toMatchObject({
    batch: 64, options: { activation: "tanh" }, quiet: true, output: "lenet.safetensors",
  });
});

test("a curve falls from the left above to the right below, by dots that touch; one that stays is a line", () => {
  const drawn = (values: number[]) =>
    chart(values, { width: 13, height: 3, title: "loss", from: "1", to: "9" }).slice(1, -2);
  expect(drawn([3, 2, 1])).toEqual(["  3.000 ┤⠱⡀⠀⠀", "  2.000 ┤⠀⠘⢄⠀", "  1.000 ┤⠀⠀⠈⢆"]);
  expect(drawn([2, 2])).toEqual(["  2.000 ┤⠉⠉⠉⠉", "  1.500 ┤⠀⠀⠀⠀", "  1.000 ┤⠀⠀⠀⠀"]);
});

test("a terminal shows one line that changes, as long as it is wide, and stays plain where it is dumb", () => {
  const written: string[] = [], write = (text: string) => written.push(text);
  const screen = { isTTY: true, columns: 50, hasColors: () => true, write };
  const terminal = new Terminal(screen), line = "x".repeat(60);
  terminal.progress(line);
  terminal.line("row");
  terminal.line("next");
  expect(written).toEqual([`\r${line.slice(0, 49)}\x1b[K`, "\r\x1b[K", "row\n", "next\n"]);
  expect([10, undefined].map((columns) => new Terminal({ ...screen, columns }).width)).toEqual([40, 80]);
  const places = [["TERM", "dumb", false], ["NO_COLOR", "1", false], ["NO_COLOR", "", true]] as const;
  for (const [name, value, colours] of places) {
    vi.stubEnv("TERM", "xterm");
    vi.stubEnv("NO_COLOR", "");
    vi.stubEnv(name, value);
    expect(new Terminal(screen).colors(), name).toBe(colours);
  }
  vi.unstubAllEnvs();
  const patient = new Terminal({ write }, 10_000);
  patient.progress("later");
  expect(written).toHaveLength(4);
});

test("drawing keeps to its width", () => {
  expect([0, 0.5, 0.99, 1, 2, -1].map((share) => bar(share, 10).length)).toEqual([10, 10, 10, 10, 10, 10]);
  expect([0, 65, 3600, 7265, NaN].map(duration)).toEqual(["0:00", "1:05", "1:00:00", "2:01:05", "-:--"]);
  expect([0, 0.5, 12_345.6].map(count)).toEqual(["-", "1", "12,346"]);
  expect([bar(0.3, 4), bar(1, 2)]).toEqual(["█▎░░", "██"]);
  for (const values of [[1], [1, 1, 1], [3, 2, 1], Array.from({ length: 5000 }, (_, i) => 1 / (i + 1))])
    for (const line of chart(values, { width: 60, title: "loss", from: "step 1", to: "step N" }))
      expect(line.length).toBeLessThanOrEqual(60);
  const written: string[] = [], terminal = new Terminal({ write: (text) => written.push(text) }, 0);
  terminal.progress("live", "plain");
  terminal.line("row");
  expect(written).toEqual(["plain\n", "row\n"]);
});
