/** What a setting is: the shape of a row of `settings-table.ts`. */
import type { Parse } from './parsers.ts';

export interface Setting {
  /** Path in {@link Config}, dotted. */
  readonly path: string;
  /** Long option without dashes. */
  readonly option: string;
  /** Environment variables, the first one that is set wins. */
  readonly env: readonly string[];
  /** The value itself, not text: `parse` does not see it. */
  readonly default: unknown;
  readonly parse: Parse;
  /** What a value looks like in the help; absent for a switch. */
  readonly value?: string;
  readonly help: string;
  /** Never shown, neither in errors nor in logs. */
  readonly secret?: boolean;
}
