/** Runs a load generator, a script that takes its orders as JSON in its first argument and prints its findings as JSON. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/**
 * It ends by itself.
 *
 * @param script of the built package
 * @throws Error when it ends with a code other than 0
 */
export function generate<Findings>(script: URL, orders: object): Promise<Findings> {
  const args = [fileURLToPath(script), JSON.stringify(orders)];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  return new Promise((resolve, reject) => {
    const pieces: Buffer[] = [];
    child.stdout.on('data', (piece: Buffer) => pieces.push(piece));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(Buffer.concat(pieces).toString()) as Findings);
      else reject(new Error(`the load generator ended with code ${code}, 0 wanted`));
    });
  });
}
