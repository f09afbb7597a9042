import { expect, test } from "vitest";
import { written } from "../examples/convolution/arithmetic.js";

test.each([
  [0, "0"], [-0, "0"], [8, "8"], [-1.5, "−1.5"], [3.14159, "3.14"], [0.125, "0.13"], [9999, "9999"], [-Infinity, "−∞"],
  [0.0001, "0.0001"], [-0.00012, "−0.00012"], [0.004, "0.004"], [0.0567, "0.057"], [1e-8, "1e−8"], [-1e-8, "−1e−8"],
])("a number that is not 0 is never written as 0: %d is %s", (value, text) => {
  expect(written(value)).toBe(text);
});

test("what rounding leaves of a sum is 0, and more decimals are as many at least", () => {
  expect(written(0.1 + 0.2 - 0.3, 2, 0.6)).toBe("0");
  expect(written(Math.fround(0.1) * 3 - 0.3, 4, 0.6)).toBe("0");
  expect(written(0.0001 * 0.0001, 4, 1e-8)).toBe("1e−8");
  expect(written(0.12345678, 4)).toBe("0.1235");
});
