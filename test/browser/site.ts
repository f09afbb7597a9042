// Before all tests, once: the site. A build empties its folder first, so no test may do it while another is served
// from there.
import { execFileSync } from "node:child_process";

export const setup = () => {
  execFileSync(process.execPath, ["build.mjs", "--only", "pages", "--quiet"], { stdio: "inherit" });
};
