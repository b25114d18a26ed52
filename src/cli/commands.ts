/** Every command of the CLI, by name. */
import type { Command } from './options.ts';
import { serve, start } from './serve.ts';

export const COMMANDS: Readonly<Record<string, Command>> = { serve, start };
