// What measures: the profiler and the adapter's limits. No training needs this.
export { bytes, macs, passOf, type Pass } from "./cost.js";
export { profile, type Profile, type ProfileOptions, type ProfileRow } from "./profile.js";
export { roofline, type Roofline } from "./roofline.js";
