// Draws docs/curves.svg from docs/runs/*.json, which `npm run train -- MODEL … --json FILE` has written, and prints the table of measurements.md.
//     node docs/curves.mjs
import { readdirSync, readFileSync, writeFileSync } from "node:fs";

const here = new URL("./", import.meta.url), folder = new URL("runs/", here);
const order = ["lenet-bn", "alexnet", "vgg11", "nin", "googlenet", "resnet18", "densenet"];
const titles = { "lenet-bn": "LeNet with batch norm", alexnet: "AlexNet", vgg11: "VGG-11", nin: "NiN", googlenet: "GoogLeNet", resnet18: "ResNet-18", densenet: "DenseNet" };
const runs = readdirSync(folder).filter((name) => name.endsWith(".json")).map((name) => JSON.parse(readFileSync(new URL(name, folder), "utf8")))
  .sort((a, b) => order.indexOf(a.command.model) - order.indexOf(b.command.model));

const W = 250, H = 150, LEFT = 34, TOP = 26, BOTTOM = 20, COLUMNS = 4, POINTS = 100, MOST = 2.5;  // of a panel; MOST: loss at its upper edge

/** Means of equal parts of the run, so that a curve shows its course and not the noise of single batches. */
const means = (values, n = Math.min(POINTS, values.length)) => Array.from({ length: n }, (_, i) => values.slice(Math.floor(i * values.length / n), Math.floor((i + 1) * values.length / n)))
  .map((part) => part.reduce((a, b) => a + b, 0) / part.length);

function panel({ command, images, course, losses }, at) {
  const x = (share) => LEFT + share * (W - LEFT - 12), y = (loss) => TOP + (1 - Math.min(loss, MOST) / MOST) * (H - TOP - BOTTOM), last = course.at(-1);
  const few = means(losses);
  const line = few.map((loss, i) => `${x((i + 0.5) / few.length).toFixed(1)},${y(loss).toFixed(1)}`).join(" ");
  const grid = [0, 1, 2].map((loss) => `<path class="grid" d="M${LEFT} ${y(loss)}H${W - 12}"/><text class="small" x="${LEFT - 6}" y="${y(loss) + 4}" text-anchor="end">${loss}</text>`).join("");
  const dots = course.map(({ epoch, test }) => `<circle cx="${x(epoch / course.length).toFixed(1)}" cy="${y(test.loss).toFixed(1)}" r="2.5"/>`).join("");
  return `<g transform="translate(${at % COLUMNS * W} ${Math.floor(at / COLUMNS) * H})"><text x="${LEFT}" y="16">${titles[command.model]}</text>
<text class="small" x="${W - 12}" y="16" text-anchor="end">${(100 * last.test.accuracy).toFixed(1)} %</text>${grid}
<polyline points="${line}"/>${dots}<text class="small" x="${W - 12}" y="${H - 6}" text-anchor="end">${(images.train * course.length / 1000).toFixed(0)} thousand images</text></g>`;
}

const rows = Math.ceil(runs.length / COLUMNS);
writeFileSync(new URL("curves.svg", here), `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${COLUMNS * W} ${rows * H}" role="img">
<title>Training loss of ${runs.map(({ command }) => titles[command.model]).join(", ")}; dots: test loss after each epoch; right above: last test accuracy</title>
<style>text{font:13px system-ui,sans-serif;fill:#1c2733}.small{font-size:11px;fill:#55606c}.grid{stroke:#d4dae0}polyline{fill:none;stroke:#1769aa;stroke-width:1.5}circle{fill:#b3410e}
@media (prefers-color-scheme:dark){text{fill:#e6ebf0}.small{fill:#a4afba}.grid{stroke:#3a444e}polyline{stroke:#6db8f2}circle{fill:#ff9d5c}}</style>
${runs.map(panel).join("\n")}
</svg>
`);

const percent = (share) => `${(100 * share).toFixed(1)} %`, rate = (n) => Math.round(n).toLocaleString("en");
const minutes = (images, perSecond) => (images / perSecond / 60).toFixed(1);
const median = (values) => values.sort((a, b) => a - b)[values.length >> 1];
console.log("| network | `npm run train --` | images × epochs | images/s | minutes at that rate | train loss | accuracy | test accuracy: last, best |\n|---|---|---|---|---|---|---|---|");
for (const { command: { model, recipe, limit, epochs, seed }, images, course } of runs) {
  const last = course.at(-1), perSecond = median(course.map((e) => e.imagesPerSecond));
  console.log(`| ${titles[model]} | \`${model}${recipe === "quick" ? "" : ` --recipe ${recipe}`} --data full${limit ? ` --limit ${limit}` : ""}${seed === 1 ? "" : ` --seed ${seed}`}\` | ${rate(images.train)} × ${epochs} | ${rate(perSecond)} | ${minutes(images.train * course.length, perSecond)} | ${last.loss.toFixed(3)} | ${percent(last.accuracy)} | ${percent(last.test.accuracy)}, ${percent(Math.max(...course.map(({ test }) => test.accuracy)))} |`);
}
