/**
 * Secrets as they are kept: encrypted under a key of the data directory. A webhook's secret is on events, and events
 * are in the log, which streams and `synod inspect` show; there it must not be readable, nor in answers that are kept
 * for a repetition. The key is a row beside them, so whoever has the directory, or a bundle of it, can deliver on with
 * the same secrets.
 */
import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { AppError } from '../actors/errors.ts';
import type { Key, Store } from './store/store.ts';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_ROW: Key = ['webhook', 'sealing-key'];

export interface Seal {
  /**
   * @param owner whose secret it is: nobody else's opens it
   * @returns base64 of nonce, tag and ciphertext
   */
  seal(secret: string, owner: string): string;
  /** @throws AppError CORRUPTED for what was not sealed here, or for another owner */
  open(sealed: string, owner: string): string;
}

/** Reads the key of the data directory, or makes it with the first start. */
export async function openSeal(store: Store): Promise<Seal> {
  const known = store.get('meta', KEY_ROW);
  if (known) return sealWith(known);
  const key = new Uint8Array(randomBytes(KEY_BYTES));
  await store.commit([{ op: 'put', table: 'meta', key: KEY_ROW, value: key }]);
  return sealWith(key);
}

/** @param key 32 bytes */
export function sealWith(key: Uint8Array): Seal {
  return {
    seal: (secret, owner) => {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES }).setAAD(Buffer.from(owner));
      const text = Buffer.concat([cipher.update(secret, 'utf8'), cipher.final()]);
      return Buffer.concat([nonce, cipher.getAuthTag(), text]).toString('base64');
    },
    open: (sealed, owner) => {
      const bytes = Buffer.from(sealed, 'base64');
      const nonce = bytes.subarray(0, NONCE_BYTES);
      const tag = bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES);
      try {
        const cipher = createDecipheriv(CIPHER, key, nonce, { authTagLength: TAG_BYTES });
        cipher.setAAD(Buffer.from(owner)).setAuthTag(tag);
        const text = bytes.subarray(NONCE_BYTES + TAG_BYTES);
        return Buffer.concat([cipher.update(text), cipher.final()]).toString('utf8');
      } catch (error) {
        throw new AppError('CORRUPTED', 'a secret cannot be read with the key of this data directory', {
          cause: error,
        });
      }
    },
  };
}
