/** How a program that has started others is told to end: by Ctrl-C, a closed terminal, or whoever supervises it. */

const SIGNALS = ['SIGINT', 'SIGHUP', 'SIGTERM'] as const;

/**
 * Calls back at every such signal, of which none ends the process by itself any more.
 * @returns what gives that up again
 */
export function onInterruption(interrupted: () => void): () => void {
  for (const signal of SIGNALS) process.on(signal, interrupted);
  return () => {
    for (const signal of SIGNALS) process.off(signal, interrupted);
  };
}

/** A terminal that was closed takes no more words, which is no reason to leave undone what is left to do. */
export function outliveTerminal(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EIO') throw error;
    });
  }
}
