/** The rules a scope's signals follow: those of the profile, changed by what the settings say for a prefix of the scope. */
import { type Profile, PUBLISHED, type SignalRules } from '../../actors/kinds/signal/rules.ts';

/** Rules for scopes that are this one or lie below it (`ui` is for `ui` and `ui.login`). The longest one counts. */
export interface ScopeRules extends Partial<Omit<SignalRules, 'profile'>> {
  readonly scope: string;
}

export interface SignalSettings {
  readonly profile: Profile;
  readonly scopes: readonly ScopeRules[];
  /** Whether events are checked beyond the published validation (`strict.ts`). */
  readonly strict?: boolean;
}

/** @returns a function from a scope to its rules */
export function createRules({
  profile,
  scopes,
}: Pick<SignalSettings, 'profile' | 'scopes'>): (scope: string) => SignalRules {
  const published = PUBLISHED[profile];
  const byLength = scopes
    .map(({ scope, ...changes }) => ({ scope, below: `${scope}.`, rules: { ...published, ...changes } }))
    .sort((a, b) => b.scope.length - a.scope.length);
  return (scope) => byLength.find((one) => scope === one.scope || scope.startsWith(one.below))?.rules ?? published;
}
