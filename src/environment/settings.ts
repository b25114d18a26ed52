/** The settings of signals. */
import { PROFILES, signalRules } from '../../actors/kinds/signal/rules.ts';
import { flag, oneOf, type Parse } from '../parsers.ts';
import type { Setting } from '../setting.ts';
import type { ScopeRules } from './rules.ts';

const WANTED =
  'scopes with their rules, as in "ui=lambda:0.9,interval:3600;tsp.eil51=alpha:1,decay:stepped" (interval in seconds)';

const changes = signalRules.omit({ profile: true }).partial();

/** `SCOPE=name:value,…;SCOPE=…` */
const scopeRules: Parse = (text) => {
  if (text === '') return [];
  return text.split(';').map((one): ScopeRules => {
    const [, scope, list] = /^\s*([^=\s]+)=(.*)$/.exec(one) ?? [];
    if (scope === undefined) throw new Error(WANTED);
    const pairs = list!.split(',').map((pair) => pair.trim().split(':') as [string, string?]);
    const rules = changes.strict().safeParse(Object.fromEntries(pairs.map(rule)));
    if (!rules.success) throw new Error(`${WANTED}; ${scope}: ${rules.error.issues[0]?.message}`);
    return { scope, ...(rules.data as Omit<ScopeRules, 'scope'>) };
  });
};

function rule([name, value]: [string, string?]): [string, unknown] {
  if (name === 'interval') return ['intervalMs', Number(value) * 1_000];
  return [name, name === 'decay' ? value : Number(value)];
}

export const SIGNAL_SETTINGS: readonly Setting[] = [
  {
    path: 'signals.profile',
    option: 'signal-profile',
    env: ['SYNOD_SIGNAL_PROFILE', 'SEMP_SIGNAL_PROFILE'],
    default: 'arch',
    parse: oneOf(...PROFILES),
    value: 'NAME',
    help: 'By which published rules signals grow and weaken: arch, proto or site.',
  },
  {
    path: 'signals.scopes',
    option: 'signal-scopes',
    env: ['SYNOD_SIGNAL_SCOPES'],
    default: [],
    parse: scopeRules,
    value: 'RULES',
    help: 'Other rules below some scopes: "ui=lambda:0.9,interval:3600;tsp=alpha:1".',
  },
  {
    path: 'signals.strict',
    option: 'signal-strict',
    env: ['SYNOD_SIGNAL_STRICT', 'SEMP_STRICT'],
    default: false,
    parse: flag,
    help: 'Trim names in events, refuse blank ones and rewards below 0, and tell of unknown parents.',
  },
];
