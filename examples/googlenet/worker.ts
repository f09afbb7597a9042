import { serve } from "../shared/trainer.js";
import { family } from "./family.js";

serve(family, new URL("../fashion-mnist/", import.meta.url));
