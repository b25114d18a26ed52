/** The kinds that ship with the runtime. */
import type { Kind } from '../kind.ts';
import { session } from './session.ts';

export const KINDS: readonly Kind[] = [session as Kind];
