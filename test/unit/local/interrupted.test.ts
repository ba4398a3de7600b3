import { expect, it } from '@jest/globals';
import { ending, endStarted, interrupt, unlessInterrupted } from '../../../bench/interruption.ts';
import { onInterruption } from '../../../local/stack/interruption.ts';

it('Ctrl-C, a closed terminal and a supervisor interrupt alike, until nobody listens', () => {
  const seen: string[] = [];
  const forget = onInterruption(() => seen.push('interrupted'));
  for (const signal of ['SIGINT', 'SIGHUP', 'SIGTERM'] as const) process.emit(signal);
  expect(seen).toHaveLength(3);
  forget();
  expect(process.listenerCount('SIGHUP')).toBe(0);
});

it('an interrupted benchmark ends what it has started, the latest first, and each once', async () => {
  const ended: string[] = [];
  const end = (what: string) => (): Promise<void> => {
    ended.push(what);
    return Promise.resolve();
  };
  await ending(end('what is done'), () => Promise.resolve());

  const never = new Promise<never>(() => undefined);
  const work = ending(end('server'), () => ending(end('worker'), () => never));
  const watched = unlessInterrupted(work);
  interrupt();
  await expect(watched).rejects.toThrow('interrupted');
  await endStarted();
  await endStarted();
  expect(ended).toEqual(['what is done', 'worker', 'server']);
});
