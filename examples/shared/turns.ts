// Work beside a training, such as a look at it, that must not slow it down.

/** Waits its turn: `due()` is true once `rest` milliseconds, and eight times what the last turn took, have passed. */
export function turns(rest: number) {
  let next = 0, busy: Promise<void> | undefined;
  return {
    due: () => !busy && performance.now() >= next,
    busy: () => busy !== undefined,
    /** Takes a turn, unless one is being taken. */
    async take(work: () => Promise<void>): Promise<void> {
      if (busy) return;
      const begun = performance.now();
      try { await (busy = work()); } finally {
        busy = undefined;
        next = performance.now() + Math.max(rest, 8 * (performance.now() - begun));
      }
    },
    /** Resolves when no turn is being taken. */
    idle: () => (busy ?? Promise.resolve()).catch(() => {}),
  };
}
