import { openPage } from "../shared/page.js";
import { family } from "./family.js";

openPage(family, new URL("./worker.js", import.meta.url));
