/** What must be so after deliveries, however many runs it took and wherever some of them died. */
import { HEADER } from './world.ts';

/**
 * Each key stands for the last content that it brought, and a content counts as long as a key stands for it. Content that
 * is known changes nothing under a name that never stood for any; what was rejected whole changes nothing at all.
 */
export class Standing {
  readonly #contents = new Map<string, string>();
  readonly #known = new Set<string>();

  /**
   * A run has made a key stand for what it brought.
   * @param isKnown whether the run has done all that it had to do with the content
   */
  done(key: string, content: string, isKnown: boolean): void {
    if (!isAccepted(content)) return;
    if (this.#contents.has(key) || !this.#known.has(content)) this.#contents.set(key, content);
    if (isKnown) this.#known.add(content);
  }

  /** A run has done all that it had to do with a content, though no key stands for it any more. */
  knows(content: string): void {
    this.#known.add(content);
  }

  /** What a key stands for. */
  of(key: string): string {
    return this.#contents.get(key) ?? '';
  }

  /** The plays of each day that must be published. */
  plays(): Record<string, string[]> {
    const plays = [...new Set(this.#contents.values())].flatMap((content) => content.split('\n').slice(1));
    const days: Record<string, string[]> = {};
    for (const play of [...new Set(plays)].sort()) {
      const [day = ''] = play.split(' ');
      days[day] = [...(days[day] ?? []), play];
    }
    return days;
  }
}

function isAccepted(content: string): boolean {
  return content.split('\n')[0] === HEADER;
}
