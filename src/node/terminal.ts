import { styleText } from "node:util";

type Format = Parameters<typeof styleText>[0];
/** What is asked of a stream: process.stdout, or a pipe that is none of this. */
interface Screen {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
  hasColors?(count?: number): boolean;
}

/**
 * A terminal with one line at the bottom that is drawn again and again.
 * In a pipe or file that line appears rarely, as a line of its own.
 */
export class Terminal {
  readonly width: number;
  readonly live: boolean;
  #drawn = false;
  #said: number;

  /** `every`: milliseconds between two lines of progress where nothing can be redrawn. */
  constructor(readonly screen: Screen = process.stdout, readonly every = 10_000) {
    this.width = Math.max(40, screen.columns || 80);
    this.live = Boolean(screen.isTTY) && process.env.TERM !== "dumb";
    this.#said = performance.now();
  }

  /** How many colours may be used; NO_COLOR and pipes say none. */
  colors(count = 16): boolean {
    return this.live && !process.env.NO_COLOR && (this.screen.hasColors?.(count) ?? false);
  }

  style(format: Format, text: string): string {
    return this.colors() ? styleText(format, text, { validateStream: false }) : text;
  }

  /** A line that stays. */
  line(text = ""): void {
    this.clear();
    this.screen.write(`${text}\n`);
    this.#said = performance.now();
  }

  /** The line that changes; `plain` is what a file gets of it. */
  progress(text: string, plain = text): void {
    if (this.live) {
      this.screen.write(`\r${text.slice(0, this.width - 1)}\x1b[K`);
      this.#drawn = true;
    } else if (performance.now() - this.#said >= this.every) this.line(plain);
  }

  clear(): void {
    if (this.#drawn) this.screen.write("\r\x1b[K");
    this.#drawn = false;
  }
}

/** A bar of `width` characters, filled to an eighth of one. */
export function bar(share: number, width: number): string {
  const eighths = Math.round(Math.min(1, Math.max(0, share)) * width * 8), full = eighths >> 3;
  return ("█".repeat(full) + (eighths % 8 ? " ▏▎▍▌▋▊▉"[eighths % 8] : "")).padEnd(width, "░");
}

/** "1:05", "2:01:05", or dashes where nobody knows. */
export function duration(seconds: number): string {
  if (!Number.isFinite(seconds)) return "-:--";
  const s = Math.round(seconds), two = (n: number) => String(n).padStart(2, "0");
  return s < 3600 ? `${Math.floor(s / 60)}:${two(s % 60)}`
    : `${Math.floor(s / 3600)}:${two(Math.floor(s / 60) % 60)}:${two(s % 60)}`;
}

/** "81.5 %". */
export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
/** "12,345", or a dash for what is not known yet. */
export const count = (n: number): string => n > 0 ? Math.round(n).toLocaleString("en") : "-";
