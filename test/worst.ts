// After each file, with CONVOY_WORST=1: how close its kernels came to their twins.
import { afterAll } from "vitest";
import { worstError } from "./close.js";

afterAll(() => {
  const worst = worstError(), { CONVOY_WORST, CONVOY_ADAPTER } = process.env;
  if (CONVOY_WORST && worst) console.log(`${CONVOY_ADAPTER}: worst relative error ${worst.toExponential(1)}`);
});
