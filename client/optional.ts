type Given<T extends object> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** The object without its undefined fields: an option that was not given must not override a default. */
export function withoutUndefined<T extends object>(object: T): Given<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Given<T>;
}
