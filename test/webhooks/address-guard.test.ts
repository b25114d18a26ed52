/** Which receivers a webhook may have. */
import { expect, it } from 'vitest';
import { addressesFor, ForbiddenTarget, isPublic, readTarget } from '../../src/webhooks/address-guard.ts';

it.each([
  '1.1.1.1',
  '8.8.8.8',
  '93.184.216.34',
  '172.15.255.255',
  '172.32.0.0',
  '2606:4700:4700::1111',
  '2a00:1450::1',
])('%s is public', (address) => expect(isPublic(address)).toBe(true));

it.each([
  // This host, this network, loopback.
  ...['0.0.0.0', '0.1.2.3', '127.0.0.1', '127.255.255.254', '::', '::1'],
  // Private, shared by carriers, link-local (where clouds keep their metadata).
  ...['10.0.0.1', '172.16.0.1', '172.31.255.255', '192.168.1.1', '100.64.0.1', '100.127.255.255', '169.254.169.254'],
  ...['fc00::1', 'fd12:3456::1', 'fe80::1', 'fe80::1%eth0', 'fec0::1', 'fd00:ec2::254'],
  // Multicast, broadcast, reserved, for documentation and measuring.
  ...['224.0.0.1', '239.255.255.255', '255.255.255.255', '240.0.0.1', '192.0.0.1', '192.0.2.1', '198.18.0.1'],
  ...['198.51.100.1', '203.0.113.7', 'ff02::1', '2001:db8::1', '3fff::1', '100::1', '4000::1', '5f00::1'],
  // IPv4 in the clothes of IPv6: mapped, compatible, translated, tunnelled.
  ...['::ffff:127.0.0.1', '::ffff:8.8.8.8', '::127.0.0.1', '64:ff9b::7f00:1', '64:ff9b:1::1', '2002:7f00:1::'],
  ...['2001::1', '::ffff:0:7f00:1'],
  // No addresses at all.
  ...['', 'localhost', '1.2.3', '256.1.1.1', '1.1.1.1/8'],
])('%s is not', (address) => expect(isPublic(address)).toBe(false));

it.each([
  ['ftp://example.com/'],
  ['file:///etc/passwd'],
  ['javascript:alert(1)'],
  ['//example.com/hook'],
  ['/hook'],
  ['example.com'],
  [''],
  ['http://'],
  ['https://user:secret@example.com/'],
  ['https://user@example.com/'],
  [`https://example.com/${'x'.repeat(2_048)}`],
])('%s is no target', (text) => {
  expect(() => readTarget(text)).toThrow(/^url: /);
  try {
    readTarget(text);
  } catch (error) {
    expect(String(error)).not.toContain('secret');
  }
});

const never = async () => {
  throw new Error('asked for an address');
};

it.each([
  'http://127.0.0.1/',
  'http://2130706433/',
  'http://0x7f.1/',
  'http://0177.0.0.1/',
  'http://127.1/',
  'http://[::1]/',
  'http://[::ffff:7f00:1]/',
  'https://169.254.169.254/latest/meta-data',
  'http://localhost:9/',
  'http://LOCALHOST/',
  'http://localhost./',
  'http://hooks.localhost/',
  'http://a.b.localhost./',
])('%s is refused without asking anybody', async (text) => {
  const asked = addressesFor(readTarget(text), { resolve: never, allowPrivate: false });
  await expect(asked).rejects.toBeInstanceOf(ForbiddenTarget);
});

it.each(['http://localhost.example/', 'http://notlocalhost/', 'http://localhosts/'])('%s is a name', async (text) => {
  const resolving = { resolve: async () => ['93.184.216.34'], allowPrivate: false };
  expect(await addressesFor(readTarget(text), resolving)).toEqual(['93.184.216.34']);
});

it('leads to this very machine by its name where that is allowed', async () => {
  const resolving = { resolve: async () => ['127.0.0.1'], allowPrivate: true };
  expect(await addressesFor(readTarget('http://localhost/'), resolving)).toEqual(['127.0.0.1']);
});

it('takes private addresses where that is allowed', async () => {
  const addresses = await addressesFor(readTarget('http://[::1]:8080/'), { resolve: never, allowPrivate: true });
  expect(addresses).toEqual(['::1']);
});

it('wants every address of a name to be public', async () => {
  const url = readTarget('https://hooks.example.com/');
  const resolving = (...addresses: string[]) => ({ resolve: async () => addresses, allowPrivate: false });
  expect(await addressesFor(url, resolving('93.184.216.34', '2606:4700::1'))).toEqual([
    '93.184.216.34',
    '2606:4700::1',
  ]);
  await expect(addressesFor(url, resolving('93.184.216.34', '10.0.0.1'))).rejects.toBeInstanceOf(ForbiddenTarget);
  await expect(addressesFor(url, resolving('93.184.216.34', '::ffff:10.0.0.1'))).rejects.toThrow(/not public/);
});
