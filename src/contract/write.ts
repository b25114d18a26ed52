/** A step of the build: puts what the client's contract comes to in the place of the module that works it out. */
import { rmSync, writeFileSync } from 'node:fs';
import { OPERATIONS } from '../operations/index.ts';
import { contractSource, contractTypes } from './module.ts';

const target = (end: string) => new URL(`../client/contract${end}`, import.meta.url);

writeFileSync(target('.js'), contractSource(OPERATIONS));
writeFileSync(target('.d.ts'), contractTypes(OPERATIONS));
rmSync(target('.js.map'), { force: true });
