/** The door of the auth room. */
export { type KeyRing, loadKey, loadOrCreateKey, type SigningKey, type VerificationKey } from './keys.ts';
export {
  createRateLimiter,
  ENVIRONMENT_LIMITS,
  environmentLimitHeaders,
  type RateDecision,
  type RateLimit,
  type RateLimiter,
  type RateLimiterOptions,
  rateLimitHeaders,
  TIER_LIMITS,
  type TierLimits,
} from './limits.ts';
export { type BasicCredentials, basicAuthMatches, parseBasicAuth, secretsEqual } from './secret.ts';
export {
  ANONYMOUS_TENANT,
  isTier,
  type MintOptions,
  mintToken,
  PRODUCTS,
  type Product,
  subjectProblem,
  TIERS,
  type Tier,
} from './token.ts';
export {
  type AuthHeaders,
  createVerifier,
  type Identity,
  type Verifier,
  type VerifierOptions,
} from './verify.ts';
