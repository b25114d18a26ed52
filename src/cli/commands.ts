/** Every command of the CLI, by name. */
import { bench } from './bench.ts';
import { demo } from './demo.ts';
import { exportData } from './export.ts';
import { importData } from './import.ts';
import { inspect } from './inspect.ts';
import type { Command } from './options.ts';
import { routes } from './routes.ts';
import { serve, start } from './serve.ts';
import { token } from './token.ts';

export const COMMANDS: Readonly<Record<string, Command>> = {
  serve,
  start,
  token,
  routes,
  inspect,
  export: exportData,
  import: importData,
  bench,
  demo,
};
