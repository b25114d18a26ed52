/** What goes to a worker thread and what comes back. */

export interface Task {
  readonly kernel: string;
  readonly args: readonly unknown[];
  /** One number in shared memory; anything but 0 cancels. */
  readonly cancel: Int32Array;
}

/** An error of the kernel's own is an answer; a promise that fails means that the thread died. */
export type Outcome =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly name: string; readonly message: string };

/** The kernel's error as it would have been thrown here. */
export function errorOf({ name, message }: { readonly name: string; readonly message: string }): Error {
  const Kind = { TypeError, RangeError }[name] ?? Error;
  const error = new Kind(message);
  if (error.name !== name) error.name = name;
  return error;
}
