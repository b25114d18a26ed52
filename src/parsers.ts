/** Settings arrive as text; these turn them into what the program uses, or throw what was wanted instead. */

/** Throws an Error whose message completes "…, wanted". */
export type Parse = (text: string) => unknown;

export const text: Parse = (value) => {
  if (value === '') throw new Error('a non-empty text');
  return value;
};

export const optionalText: Parse = (value) => (value === '' ? undefined : value);

export const whole =
  (min: number, max: number): Parse =>
  (value) => {
    const number = Number(value);
    if (!/^\d+$/.test(value) || number < min || number > max) throw new Error(`a whole number from ${min} to ${max}`);
    return number;
  };

export const oneOf =
  (...allowed: readonly string[]): Parse =>
  (value) => {
    if (!allowed.includes(value)) throw new Error(`one of ${allowed.join(', ')}`);
    return value;
  };

export const flag: Parse = (value) => {
  if (/^(1|true|yes|on)$/i.test(value)) return true;
  if (/^(0|false|no|off|)$/i.test(value)) return false;
  throw new Error('1 or 0');
};

export const list: Parse = (value) =>
  value
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');

/** The seed's level names beside pino's. */
export const level: Parse = (value) => {
  const aliases: Record<string, string> = { critical: 'fatal', warning: 'warn' };
  return oneOf('fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent')(aliases[value] ?? value);
};

export const httpUrl: Parse = (value) => {
  if (value === '') return undefined;
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Error('an http or https URL');
  return value;
};

export const MiB = 2 ** 20;
