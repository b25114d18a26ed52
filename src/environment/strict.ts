/** What the strict mode (`--signal-strict`) asks of an event beyond the published validation. */
import { AppError } from '../../actors/errors.ts';
import type { EventDraft } from './event.ts';

const NAMES = ['scope', 'trace_id', 'agent_id'] as const;

/**
 * The event with its names trimmed.
 *
 * @throws AppError INVALID for a name of blanks alone, and for a reward below 0, which would otherwise count by its size
 */
export function strictly(draft: EventDraft): EventDraft {
  const names = Object.fromEntries(NAMES.map((name) => [name, draft[name].trim()])) as Pick<
    EventDraft,
    (typeof NAMES)[number]
  >;
  for (const name of NAMES) if (names[name] === '') throw invalid(name, 'is blank');
  const { value } = draft.payload;
  if (draft.type === 'reward' && typeof value === 'number' && value < 0) {
    throw invalid('payload.value', `is ${value}, a reward wants at least 0`);
  }
  return { ...draft, ...names };
}

function invalid(field: string, msg: string): AppError {
  const details = [{ loc: ['body', ...field.split('.')], msg, type: 'value_error' }];
  return new AppError('INVALID', `${field}: ${msg}`, { details });
}
