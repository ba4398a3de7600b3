/** Which objects under a prefix that people deliver to are no deliveries. Pure. */

/**
 * Whether Hadoop, and so Spark, calls the name hidden: its last part, or a folder on the way, begins with `_` or `.`, or
 * it ends in `_$folder$`. Writers leave such objects beside their data: `_SUCCESS`, `_committed_…`, `.DS_Store`.
 */
export function isHidden(key: string): boolean {
  return key.endsWith('_$folder$') || key.split('/').some((part) => /^[_.]/.test(part));
}

/** Whether the object only makes a folder visible. One that holds data is a delivery, whatever its key ends in. */
export function isFolderMarker({ key, size }: { readonly key: string; readonly size: number }): boolean {
  return key.endsWith('/') && size === 0;
}
