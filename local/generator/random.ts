/**
 * Seeded numbers without state. Every value is a hash of the seed, a purpose and a position, so any row of any file can
 * be made on its own: files need no memory of each other, and the same seed always gives the same bytes.
 */

/** 32-bit finaliser of MurmurHash3: every input bit reaches every output bit. */
function mix(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Streams of numbers that must not repeat each other. The values only have to differ. */
export const PURPOSE = {
  trackId: 1,
  trackNumber: 2,
  song: 3,
  user: 4,
  playOrder: 5,
  playSlot: 6,
  playTrack: 7,
  duplicate: 8,
  badRow: 9,
  lateHour: 10,
  noise: 11,
} as const;

/** An unsigned 32-bit number for a position (any safe integer). */
export function hash(seed: number, purpose: number, position: number): number {
  const high = Math.floor(position / 0x1_0000_0000);
  return mix(
    mix(mix(seed ^ 0x9e3779b9) + purpose * 0x85157af5) + (position | 0) + Math.imul(high, 0x27d4eb2f),
  );
}

/** A number in [0, 1). */
export function unit(seed: number, purpose: number, position: number): number {
  return hash(seed, purpose, position) / 0x1_0000_0000;
}

/** One of a list, by a hash. */
export function pick<T>(list: readonly [T, ...T[]], number: number): T {
  return list[number % list.length] ?? list[0];
}

/**
 * The permutation `n -> (a * n + b) mod size`. It spreads neighbours far apart and, being one-to-one, gives each `n` a
 * value of its own without remembering those given.
 */
export interface Permutation {
  readonly size: number;
  readonly factor: number;
  readonly offset: number;
}

/** Keeps `factor * n` a safe integer for n up to 18 million an hour; see {@link permute}. */
const LARGEST_FACTOR = 500_000_000;

/** The golden ratio's fraction: multiples of it never crowd. */
const SPREAD = 0.618033988749895;

export function permutation(size: number, offset: number): Permutation {
  let factor = Math.max(1, Math.floor(Math.min(size * SPREAD, LARGEST_FACTOR)));
  while (greatestCommonDivisor(factor, size) !== 1) factor += 1;
  return { size, factor, offset: offset % size };
}

export function permute({ size, factor, offset }: Permutation, n: number): number {
  return (factor * n + offset) % size;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
