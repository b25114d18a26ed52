/** A worker thread of the pool: runs the kernels. */
import { KERNELS } from '../../workers/index.ts';
import { handlerFor } from './handler.ts';

export default handlerFor(KERNELS);
