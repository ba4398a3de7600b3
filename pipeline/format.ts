/** Figures and times as people read them. */

/** `1234567` -> `1,234,567`, whatever the machine's locale. */
export function count(value: number): string {
  return value.toLocaleString('en-US', { maximumFractionDigits: 2 });
}

export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = value < 1 ? 0 : Math.min(units.length - 1, Math.floor(Math.log2(value) / 10));
  const scaled = value / 1024 ** power;
  return `${power === 0 ? String(scaled) : scaled.toFixed(1)} ${units[power] ?? 'B'}`;
}

/** `2024-06-25T03:00:00.000Z` -> `2024-06-25 03:00:00`; times are UTC throughout. */
export function time(iso: string | undefined | null): string {
  return iso === undefined || iso === null ? '' : iso.slice(0, 19).replace('T', ' ');
}

/** `4 s`, `3 m 20 s`, `2 h 5 m`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} m ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} m`;
}

export function between(from: string, to: string): string {
  return duration((Date.parse(to) - Date.parse(from)) / 1000);
}

export function share(part: number, whole: number): string {
  return whole === 0 ? '' : `${((100 * part) / whole).toFixed(1)} %`;
}

export function plural(n: number, one: string, many = `${one}s`): string {
  return `${count(n)} ${n === 1 ? one : many}`;
}

/** Long values are cut in tables only; JSON and CSV have all of them. */
export function cut(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}
