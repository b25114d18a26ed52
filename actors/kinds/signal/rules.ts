/** By which rules signals come, grow and weaken. Three were published; they travel on each event, so that a replay needs no settings. */
import { z } from 'zod';
import type { Decay } from './decay.ts';

/**
 * `arch`: rewards add value × α, penalties take their value away, decay by the minute (the architecture page).
 * `proto`: as `arch`, but a reward multiplies by α (protocol draft 0.1).
 * `site`: signals start at 1 or as strong as the client says, rewards multiply by α, penalties speed the decay up, decay
 * by the hour (the later site).
 */
export const PROFILES = ['arch', 'proto', 'site'] as const;
export type Profile = (typeof PROFILES)[number];

export interface SignalRules {
  readonly profile: Profile;
  /** Weight of a reward, (0, 10]. Published: 1.2. */
  readonly alpha: number;
  /** Share of the strength that is left after one interval, (0, 1]. Published: 0.95. */
  readonly lambda: number;
  /** Published: a minute, or with profile `site` an hour. */
  readonly intervalMs: number;
  readonly decay: Decay;
}

export const signalRules = z.object({
  profile: z.enum(PROFILES),
  alpha: z.number().gt(0).max(10),
  lambda: z.number().gt(0).max(1),
  intervalMs: z.number().min(1).max(1e12),
  decay: z.enum(['continuous', 'stepped']),
});

const MINUTE = 60_000;

export const PUBLISHED: Readonly<Record<Profile, SignalRules>> = {
  arch: { profile: 'arch', alpha: 1.2, lambda: 0.95, intervalMs: MINUTE, decay: 'continuous' },
  proto: { profile: 'proto', alpha: 1.2, lambda: 0.95, intervalMs: MINUTE, decay: 'continuous' },
  site: { profile: 'site', alpha: 1.2, lambda: 0.95, intervalMs: 60 * MINUTE, decay: 'continuous' },
};

/** Strength of a signal that an event brings up, unless the client of `site` says another. */
export const START: Readonly<Record<Profile, number>> = { arch: 0.3, proto: 0.3, site: 1 };
