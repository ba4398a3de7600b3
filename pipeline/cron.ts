/** Cron texts of five fields: minute, hour, day of month, month, day of week, in numbers. */

const FIELDS = [
  ['minute', 0, 59],
  ['hour', 0, 23],
  ['dayOfMonth', 1, 31],
  ['month', 1, 12],
  ['dayOfWeek', 0, 7],
] as const;
export type CronField = (typeof FIELDS)[number][0];

/** The values that a field takes, ascending and each once; a field that takes all has none. */
export type Cron = Readonly<Record<CronField, readonly number[]>>;

/** How many values a field can have; Sunday is 0 and 7. */
const SIZES: Readonly<Record<CronField, number>> = {
  minute: 60,
  hour: 24,
  dayOfMonth: 31,
  month: 12,
  dayOfWeek: 7,
};

/** @throws Error that says which field is wrong and what it takes */
export function parseCron(text: string): Cron {
  const parts = text.trim().split(/\s+/);
  if (parts.length !== FIELDS.length) {
    throw new Error('expected five fields (minute, hour, day of month, month, day of week), as in 0 3 * * *');
  }
  const values = (name: CronField): number[] => {
    const index = FIELDS.findIndex(([field]) => field === name);
    const [, low = 0, high = 0] = FIELDS[index] ?? [];
    return valuesOf(parts[index] ?? '', name, low, high);
  };
  const cron: Cron = {
    minute: values('minute'),
    hour: values('hour'),
    dayOfMonth: values('dayOfMonth'),
    month: values('month'),
    dayOfWeek: values('dayOfWeek'),
  };
  // Cron takes a day that is in either, Temporal's calendars one that is in both.
  if (cron.dayOfMonth.length > 0 && cron.dayOfWeek.length > 0)
    throw new Error('expected * as day of month or as day of week: only one of them can be limited');
  return cron;
}

function valuesOf(text: string, name: CronField, low: number, high: number): number[] {
  const values = text.split(',').flatMap((item) => {
    const [, all, first, last, step] = /^(?:(\*)|(\d+)(?:-(\d+))?)(?:\/(\d+))?$/.exec(item) ?? [];
    const from = all === undefined ? Number(first) : low;
    const openEnd = all !== undefined || (step !== undefined && last === undefined);
    const to = openEnd ? high : Number(last ?? first);
    const by = Number(step ?? 1);
    if (!(from >= low && to <= high && from <= to && by >= 1)) {
      throw new Error(
        `${name} is ${JSON.stringify(text)}: expected *, or numbers from ${low} to ${high} with commas, a-b and /step`,
      );
    }
    return expand(from, to, by);
  });
  return normal(name, values);
}

/** All values from one to another, by a step. */
export function expand(from: number, to: number, by: number): number[] {
  return Array.from({ length: Math.floor((to - from) / by) + 1 }, (_, index) => from + index * by);
}

/** The values in the one form in which they can be compared. */
export function normal(name: CronField, values: readonly number[]): number[] {
  const unique = [...new Set(values.map((value) => (name === 'dayOfWeek' ? value % 7 : value)))];
  return unique.length === SIZES[name] ? [] : unique.sort((a, b) => a - b);
}

/** The inverse of {@link parseCron}, in its one form. */
export function cronText(cron: Cron): string {
  return FIELDS.map(([name]) => cron[name].join(',') || '*').join(' ');
}

/** Whether the runtime's time zone database knows it. */
export function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
