// The card for the data set: which is in use, and files of the visitor's, chosen or dropped.
import { button, card, drops, el, number } from "./dom.js";
import { sentence } from "./notices.js";

/** A data set as the page tells of it. `own`: out of the visitor's files. */
export interface DataFacts {
  readonly name: string;
  readonly own: boolean;
  readonly shape: readonly number[];
  readonly classes: number;
  readonly train: number;
  readonly test: number;
}

/** `chosen` hears of files, each by its path as its name; none is back to Fashion-MNIST. */
export function dataCard(chosen: (files: readonly File[]) => void) {
  const using = el("p", { class: "using", role: "status" }, "Fashion-MNIST"), facts = el("p", { class: "soft" });
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const back = button("Back to Fashion-MNIST", () => { chosen([]); }, { hidden: true });
  const picker = (id: string, label: string, folder: boolean) => {
    const input = el("input", { type: "file", id, multiple: true, webkitdirectory: folder });
    input.addEventListener("change", () => {
      take([...input.files ?? []].map((file) => named(file, file.webkitRelativePath || file.name)));
      input.value = "";
    });
    return el("label", { class: "button", for: id }, label, input);
  };
  function take(files: readonly File[]): void {
    if (!files.length) return;
    problem.hidden = true;
    facts.textContent = `Reading ${number(files.length)} ${files.length === 1 ? "file" : "files"} …`;
    chosen(files);
  }
  const element = card({ id: "data", title: "Data", kind: "data" }, using, facts, problem,
    el("div", { class: "own-tools" },
      picker("data-files", "Files", false), picker("data-folder", "Folder", true), back),
    el("p", { class: "soft" },
      "Drop your own here: CIFAR’s .bin files, IDX pairs, or images in a folder for each class. "
        + "They stay on this machine."));
  drops(element, (data) => { void dropped(data).then(take, (error: unknown) => { refuse(String(error)); }); });
  let shown = "";
  function refuse(message: string): void {
    problem.textContent = sentence(message);
    problem.hidden = false;
    facts.textContent = shown;
  }
  return {
    element,
    show({ name, own, shape: [C, H, W], classes, train, test }: DataFacts): void {
      using.textContent = name;
      const colours = C === 1 ? "grey" : C === 3 ? "colour" : `${C} channels`;
      facts.textContent = shown = `${number(classes)} classes, ${number(train)} images to train on, `
        + `${number(test)} to test; ${colours}, ${H}\u00a0×\u00a0${W}.`;
      back.hidden = !own;
      problem.hidden = true;
    },
    /** The data set in use stays; `message` says why. */
    refuse,
  };
}

/** The same file, called by its path: in a worker, a File has lost its folders. */
const named = (file: File, path: string) => new File([file], path);

/** All files of a drop, also those in its folders. */
async function dropped({ items }: DataTransfer): Promise<File[]> {
  // Before anything is awaited.
  const entries = [...items].map((item) => item.webkitGetAsEntry()).filter((entry) => entry !== null);
  return (await Promise.all(entries.map(walk))).flat();
}
async function walk(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File>((done, failed) => { (entry as FileSystemFileEntry).file(done, failed); });
    return [named(file, entry.fullPath.slice(1))];
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader(), all: FileSystemEntry[] = [];
  const some = () => new Promise<FileSystemEntry[]>((done, failed) => { reader.readEntries(done, failed); });
  for (let next = await some(); next.length; next = await some()) all.push(...next);  // 100 at a time
  return (await Promise.all(all.map(walk))).flat();
}
