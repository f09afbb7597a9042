// A command's words, and what it draws in the terminal: no process, no device.
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { chart } from "../src/node/chart.js";
import { parse } from "../src/node/options.js";
import { bar, duration, Terminal } from "../src/node/terminal.js";

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
  const short = parse(["train", "lenet", "--activation", "tanh", "-q"]);
  expect(short).toMatchObject({
    batch: 64, options: { activation: "tanh" }, quiet: true, output: "lenet.safetensors",
  });
});

test("drawing keeps to its width", () => {
  expect([0, 0.5, 0.99, 1, 2, -1].map((share) => bar(share, 10).length)).toEqual([10, 10, 10, 10, 10, 10]);
  expect([0, 65, 7265, NaN].map(duration)).toEqual(["0:00", "1:05", "2:01:05", "-:--"]);
  for (const values of [[1], [1, 1, 1], [3, 2, 1], Array.from({ length: 5000 }, (_, i) => 1 / (i + 1))])
    for (const line of chart(values, { width: 60, title: "loss", from: "step 1", to: "step N" }))
      expect(line.length).toBeLessThanOrEqual(60);
  const written: string[] = [], terminal = new Terminal({ write: (text) => written.push(text) }, 0);
  terminal.progress("live", "plain");
  terminal.line("row");
  expect(written).toEqual(["plain\n", "row\n"]);
});
