// The editors: CodeMirror with a small mode for WGSL. They live in a shadow root, whose style sheets the page's strict
// policy allows.
import { defaultKeymap, history, historyKeymap, indentWithTab, isolateHistory } from "@codemirror/commands";
import { javascriptLanguage } from "@codemirror/lang-javascript";
import {
  bracketMatching, HighlightStyle, indentOnInput, StreamLanguage, syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState, type Extension } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { el } from "../shared/dom.js";
import type { Place } from "./layer.js";

const words = (list: string) => new RegExp(`^(?:${list.split(" ").join("|")})$`);
const keywords = words("alias break case const const_assert continue continuing default diagnostic discard else enable "
  + "false fn for if let loop override requires return struct switch true var while");
const types = words("array atomic bool f16 f32 i32 u32 vec[234][fiuh]? mat[234]x[234][fh]? ptr "
  + "function private workgroup uniform storage read write read_write");

/** WGSL by words: comments, attributes, numbers, keywords, types, calls. */
const wgsl = StreamLanguage.define<{ block: boolean }>({
  name: "wgsl", startState: () => ({ block: false }),
  token(stream, state) {
    if (state.block) { if (stream.match(/^.*?\*\//)) state.block = false; else stream.skipToEnd(); return "comment"; }
    if (stream.eatSpace()) return null;
    if (stream.match(/^\/\/.*/)) return "comment";
    if (stream.match("/*")) { state.block = true; return "comment"; }
    if (stream.match(/^@\s*\w+/)) return "meta";
    if (stream.match(/^(?:0x[\da-f]+|(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?)[iufh]?/i)) return "number";
    const word = stream.match(/^[A-Za-z_]\w*/);
    if (word) {
      const [name] = word as RegExpMatchArray;
      if (keywords.test(name)) return "keyword";
      if (types.test(name)) return "typeName";
      return stream.match(/^\s*\(/, false) ? "function" : "variableName";
    }
    stream.next();
    return null;
  },
  tokenTable: { function: tags.function(tags.variableName) },
  languageData: { commentTokens: { line: "//" }, closeBrackets: { brackets: ["(", "[", "{"] } },
});

const colours = HighlightStyle.define([
  { tag: tags.comment, color: "var(--soft)", fontStyle: "italic" },
  { tag: [tags.keyword, tags.controlKeyword, tags.definitionKeyword], color: "var(--past-0)", fontWeight: "600" },
  { tag: [tags.typeName, tags.className], color: "var(--accent)" },
  { tag: [tags.number, tags.bool], color: "var(--second)" },
  { tag: tags.string, color: "var(--past-1)" },
  { tag: tags.meta, color: "var(--past-4)" },
  { tag: tags.function(tags.variableName), color: "var(--past-2)" },
]);
const look = EditorView.theme({
  "&": {
    fontSize: "13px", color: "var(--text)", backgroundColor: "var(--raised)", border: "1px solid var(--edge)",
    borderRadius: "8px", height: "100%",
  },
  "&.cm-focused": { outline: "3px solid var(--second)", outlineOffset: "2px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", borderRadius: "8px" },
  ".cm-content": { caretColor: "var(--text)" },
  ".cm-gutters": { backgroundColor: "var(--card)", color: "var(--soft)", border: "0" },
  ".cm-activeLine, .cm-activeLineGutter": {
    backgroundColor: "color-mix(in srgb, var(--tint) 55%, transparent)",
  },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--faint) !important" },
  ".cm-tooltip": { backgroundColor: "var(--card)", color: "var(--text)", borderColor: "var(--edge)" },
  ".cm-diagnostic-error": { backgroundColor: "var(--bad-tint)", borderColor: "var(--bad)" },
  ".cm-diagnostic-warning": { backgroundColor: "var(--care-tint)", borderColor: "var(--care)" },
  ".cm-lintRange-error": { backgroundImage: "none", textDecoration: "underline wavy var(--bad)" },
  ".cm-lintRange-warning": { backgroundImage: "none", textDecoration: "underline wavy var(--care)" },
});

/**
 * Where JavaScript first breaks its grammar, line and column from 1: browsers do not tell it of a text that they are
 * given to run.
 */
export function brokenAt(text: string): { readonly line: number; readonly column: number } | undefined {
  let at: number | undefined;
  javascriptLanguage.parser.parse(text).iterate({ enter: ({ type, from }) => { if (type.isError) at ??= from; } });
  if (at === undefined) return undefined;
  const before = text.slice(0, at).trimEnd().split("\n");
  return { line: before.length, column: before[before.length - 1].length + 1 };
}

/** An editor. `changed` hears of each edit. */
export function editor(label: string, language: "wgsl" | "javascript", changed: () => void) {
  const host = el("div", { class: "editor" }), root = host.attachShadow({ mode: "open" });
  const extensions: Extension[] = [
    lineNumbers(), history(), drawSelection(), EditorView.lineWrapping, indentOnInput(), bracketMatching(),
    highlightActiveLine(), lintGutter(), keymap.of([...defaultKeymap, ...historyKeymap, indentWithTab]),
    language === "wgsl" ? wgsl : javascriptLanguage, syntaxHighlighting(colours), look,
    EditorView.contentAttributes.of({
      "aria-label": `${label}. Escape, then Tab leaves it.`, spellcheck: "false", tabindex: "0",
    }),
    // Typed over a selection, by ourselves: Chrome would put the style of what was there into the text, which the
    // page's policy refuses.
    EditorView.domEventHandlers({ beforeinput(event, of) {
      if (event.inputType !== "insertText" || !event.data || of.state.selection.main.empty) return false;
      of.dispatch(of.state.replaceSelection(event.data), { userEvent: "input.type", scrollIntoView: true });
      event.preventDefault();
      return true;
    } }),
    EditorView.updateListener.of(({ docChanged }) => {
      if (!docChanged) return;
      view.dispatch(setDiagnostics(view.state, []));
      changed();
    }),
  ];
  const view = new EditorView({ state: EditorState.create({ doc: "", extensions }), root, parent: root });
  return {
    element: host,
    get text(): string { return view.state.doc.toString(); },
    set text(insert: string) {  // undo brings back what was there
      const to = view.state.doc.length, annotations = isolateHistory.of("full");
      if (to) view.dispatch({ changes: { from: 0, to, insert }, annotations });
      else view.setState(EditorState.create({ doc: insert, extensions }));
    },
    /** Underlines what is wrong, or a hint, and goes to the first of it. */
    mark(places: readonly Place[]): void {
      const { doc } = view.state, found = places.map(({ line, column, message, hint }) => {
        const { from, to } = doc.line(Math.min(Math.max(1, line), doc.lines));
        const at = Math.min(from + column - 1, Math.max(from, to - 1));
        const word = /^\w+/.exec(doc.sliceString(at, to))?.[0].length ?? 1;
        const severity = hint ? "warning" as const : "error" as const;
        return { from: at, to: Math.min(at + word, to), severity, message };
      });
      const effects = found.length ? EditorView.scrollIntoView(found[0].from, { y: "center" }) : [];
      view.dispatch(setDiagnostics(view.state, found), { effects });
    },
  };
}
