import { expect, test } from "vitest";
import { add_forward } from "../../src/generated/add.js";
import { random, run, runners, threeRows } from "../support.js";

test.each(Object.keys(runners))("add is the sum, rounded once: %s", async (where) => {
  for (const size of [1, 64, 67, 200]) {
    const a = random(1, size), b = random(2, size);
    const { y } = await run(runners[where], add_forward, { a, b }, { y: size }, { size }, size === 200 ? threeRows(size) : size);
    expect([...y]).toEqual(Array.from(a, (v, i) => Math.fround(v + b[i])));
  }
});
