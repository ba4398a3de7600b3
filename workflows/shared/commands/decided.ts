/** What a command does to a state and what its sender is told, or why it can't be followed. */
export type Decided<S> =
  | { readonly followed: true; readonly state: S; readonly message: string }
  | { readonly followed: false; readonly refusal: string };

export function refuse(refusal: string): Decided<never> {
  return { followed: false, refusal };
}
